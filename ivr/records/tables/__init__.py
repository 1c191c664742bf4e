"""The tables, one module per concept. Importing this module knows them all."""

from ivr.records.tables.bills import Account, Bill, BillState, UtilityKind
from ivr.records.tables.calls import (
    Call,
    CallBackState,
    CallBackTask,
    CallStep,
    EndedBy,
    Recording,
    RecordingKind,
    RecordingState,
)
from ivr.records.tables.complaints import (
    Complaint,
    ComplaintCategory,
    ComplaintEvent,
    ComplaintState,
    ComplaintTransition,
    Department,
    TicketCounter,
)
from ivr.records.tables.content import (
    AddedPrompt,
    FlowRevision,
    PromptNumber,
    PromptRecording,
    PromptRevision,
    PromptVariant,
    RecordingSource,
)
from ivr.records.tables.line import Heartbeat, Number, Setting, TrunkRow
from ivr.records.tables.outages import Area, Outage
from ivr.records.tables.staff import ApiToken, AuditEntry, Role, Staff

__all__ = [
    "Account",
    "ApiToken",
    "Area",
    "AuditEntry",
    "Bill",
    "BillState",
    "Call",
    "CallBackState",
    "CallBackTask",
    "CallStep",
    "Complaint",
    "ComplaintCategory",
    "ComplaintEvent",
    "ComplaintState",
    "ComplaintTransition",
    "Department",
    "EndedBy",
    "FlowRevision",
    "Heartbeat",
    "Number",
    "Outage",
    "PromptRecording",
    "PromptRevision",
    "Recording",
    "AddedPrompt",
    "RecordingKind",
    "RecordingState",
    "Role",
    "Setting",
    "Staff",
    "TicketCounter",
    "TrunkRow",
    "UtilityKind",
]
    "PromptNumber",
    "PromptVariant",
    "RecordingSource",
