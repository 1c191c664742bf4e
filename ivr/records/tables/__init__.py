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
from ivr.records.tables.studio import StudioCaller, StudioCode
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
    "AddedPrompt",
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
    "RecordingKind",
    "RecordingState",
    "Role",
    "SavedSearch",
    "Setting",
    "Staff",
    "StepDay",
    "StudioCaller",
    "StudioCode",
    "TicketCounter",
    "TrunkRow",
    "UtilityKind",
]
    "PromptNumber",
    "PromptVariant",
    "RecordingSource",
