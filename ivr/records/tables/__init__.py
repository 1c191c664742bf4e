"""The tables, one module per concept. Importing this module knows them all."""

from ivr.records.tables.bills import Account, Bill, BillState, UtilityKind
from ivr.records.tables.calls import (
    Call,
    CallBackState,
    CallBackTask,
    CallOutcome,
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
from ivr.records.tables.supervision import (
    CallHour,
    CallNote,
    CallPlaces,
    LineGap,
    SavedSearch,
    StepDay,
)

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
    "CallHour",
    "CallNote",
    "CallOutcome",
    "CallPlaces",
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
    "LineGap",
    "Number",
    "Outage",
    "PromptRecording",
    "PromptRevision",
    "Recording",
    "AddedPrompt",
    "RecordingKind",
    "RecordingState",
    "Role",
    "SavedSearch",
    "Setting",
    "Staff",
    "StepDay",
    "TicketCounter",
    "TrunkRow",
    "UtilityKind",
]
    "PromptNumber",
    "PromptVariant",
    "RecordingSource",
