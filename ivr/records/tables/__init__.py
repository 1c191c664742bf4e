"""The tables, one module per concept. Importing this module knows them all."""

from ivr.records.tables.audit import AuditAnchor, AuditChain, AuditEntry
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
from ivr.records.tables.drafts import FlowDraft, FlowDraftStep, FlowScenario
from ivr.records.tables.line import Heartbeat, Number, Setting, TrunkRow
from ivr.records.tables.outages import Area, Outage
from ivr.records.tables.pronunciations import Pronunciation
from ivr.records.tables.staff import (
    ApiToken,
    RecoveryCode,
    Role,
    SecondFactor,
    Staff,
    StaffSession,
)
from ivr.records.tables.studio import StudioCaller, StudioCode
from ivr.records.tables.supervision import (
    CallHour,
    CallNote,
    CallPlaces,
    LineGap,
    SavedSearch,
    StepDay,
)
from ivr.records.tables.transcripts import (
    Transcript,
    TranscriptEdit,
    TranscriptFault,
    TranscriptState,
)

__all__ = [
    "Account",
    "AddedPrompt",
    "ApiToken",
    "Area",
    "AuditAnchor",
    "AuditChain",
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
    "FlowDraft",
    "FlowDraftStep",
    "FlowRevision",
    "FlowScenario",
    "Heartbeat",
    "LineGap",
    "Number",
    "Outage",
    "PromptNumber",
    "PromptRecording",
    "PromptRevision",
    "PromptVariant",
    "Pronunciation",
    "Recording",
    "RecordingKind",
    "RecordingSource",
    "RecordingState",
    "RecoveryCode",
    "Role",
    "SavedSearch",
    "SecondFactor",
    "Setting",
    "Staff",
    "StaffSession",
    "StepDay",
    "StudioCaller",
    "StudioCode",
    "TicketCounter",
    "Transcript",
    "TranscriptEdit",
    "TranscriptFault",
    "TranscriptState",
    "TrunkRow",
    "UtilityKind",
]
