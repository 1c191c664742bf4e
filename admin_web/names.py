"""What the words kept in the database are called on a page, in both languages.

Tables as data: a new word in the database shows as itself until it is given a name here.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from admin_web.languages import page_language
from admin_web.roles import ROLE_NAMES

LANGUAGE = {"zh-CN": _l("Mandarin"), "en": _l("English")}
ENDED_BY = {
    "caller": _l("Caller hung up"),
    "line": _l("Line said goodbye"),
    "transfer": _l("Passed to a person"),
    "silence": _l("No sound from the caller"),
    "error": _l("A fault"),
    "crash": _l("The line stopped"),
}
ENDED_TONE = {"error": "bad", "crash": "bad", "silence": "busy", "transfer": "good"}
# Why a call ended, in the words of `ivr.sip.events.EndCause` and of the line.
END_REASON = {
    "peer hung up": _l("caller hung up"),
    "we hung up": _l("said goodbye"),
    "cancelled": _l("hung up before the answer"),
    "cancelled before the answer": _l("hung up before the answer"),
    "rejected": _l("not taken"),
    "refused": _l("refused by the other side"),
    "no ACK": _l("the caller's side never confirmed the answer"),
    "session expired": _l("the caller's side gave no sign of life"),
    "peer lost": _l("the caller's side could not be reached any more"),
    "the line was stopped": _l("the line was stopped"),
    "complaint_filed": _l("complaint filed"),
    "message": _l("message left"),
    "finished": _l("said goodbye"),
    "error": _l("a fault of the flow"),
}
COMPLAINT_STATE = {
    "received": _l("Received"),
    "assigned": _l("Assigned"),
    "handling": _l("Being handled"),
    "replied": _l("Replied"),
    "closed": _l("Closed"),
    "rejected": _l("Rejected"),
}
COMPLAINT_TONE = {
    "received": "bad",
    "assigned": "busy",
    "handling": "busy",
    "replied": "good",
    "closed": "quiet",
    "rejected": "quiet",
}
UTILITY = {
    "electricity": _l("Electricity"),
    "water": _l("Water"),
    "gas": _l("Gas"),
    "heat": _l("Heating"),
    "telephone": _l("Telephone"),
}
BILL_STATE = {"unpaid": _l("Unpaid"), "paid": _l("Paid")}
# How far a file of bills is on its way in.
IMPORT_STATE = {
    "uploaded": _l("Uploaded"),
    "reading": _l("Being checked"),
    "ready": _l("Checked, not imported"),
    "storing": _l("Being stored"),
    "stored": _l("Imported"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
    "dropped": _l("Discarded"),
    "failed": _l("Cannot be read"),
}
IMPORT_TONE = {
    "reading": "busy",
    "ready": "busy",
    "storing": "busy",
    "stored": "good",
    "undoing": "busy",
    "failed": "bad",
}
RECORDING_KIND = {"complaint": _l("Complaint"), "message": _l("Message")}
RECORDING_STATE = {
    "recording": _l("Being recorded"),
    "complete": _l("Complete"),
    "unfinished": _l("Broken off"),
    "failed": _l("Failed"),
    "purged": _l("Removed"),
}
TRANSCRIPT_FAULT = {
    "file_missing": _l("the file of the recording is not there"),
    "unreadable": _l("the file of the recording cannot be read"),
    "too_long": _l("the recording is longer than half an hour"),
    "took_too_long": _l("the recogniser took too long"),
    "recogniser_ended": _l("the recogniser failed on this recording"),
    "interrupted": _l("it was interrupted again and again"),
}
CALL_BACK_STATE = {"open": _l("Open"), "done": _l("Done")}
CALL_BACK_RESULT = {
    "reached": _l("Reached: done"),
    "no_answer": _l("Nobody answered"),
    "busy": _l("Was busy"),
    "wrong_number": _l("Wrong number"),
    "later": _l("Wants to be called again"),
}
CALL_BACK_REASON = {
    "person_not_reached": _l("Nobody answered"),
    "no_answer": _l("Nobody answered"),
    "busy": _l("Was busy"),
    "failed": _l("Could not be connected"),
    "message": _l("Left a message"),
    "error": _l("A service was down"),
    "missed_call": _l("Missed call"),
}
TRUNK_STATE = {
    "trying": _l("Trying"),
    "registered": _l("Registered"),
    "reachable": _l("Reachable"),
    "refused": _l("Refused by the other side"),
    "unreachable": _l("Not reachable"),
    "removed": _l("Removed"),
    "unknown": _l("Not known yet"),
}
TRUNK_TONE = {
    "trying": "busy",
    "registered": "good",
    "reachable": "good",
    "refused": "bad",
    "unreachable": "bad",
}
OUTAGE_STATE = {"current": _l("Current"), "planned": _l("Planned"), "ended": _l("Ended")}
OUTAGE_TONE = {"current": "bad", "planned": "busy", "ended": "quiet"}
STEP_KIND = {
    "say": _l("Says"),
    "menu": _l("Menu"),
    "ask": _l("Asks for keys"),
    "record": _l("Records"),
    "lookup": _l("Looks up"),
    "list": _l("Reads a list"),
    "choose": _l("Decides"),
    "hours": _l("Open or closed"),
    "set": _l("Remembers"),
    "language": _l("Sets the language"),
    "file_complaint": _l("Files the complaint"),
    "call_back": _l("Notes a call-back"),
    "transfer": _l("Passes on"),
    "hang_up": _l("Hangs up"),
    "goto": _l("Goes on"),
}
STEP_OUTCOME = {
    "accepted": _l("code accepted"),
    "signed_out": _l("code no longer valid"),
    "has_slots": _l("has changing parts"),
    "ready": _l("ready to record"),
    "no_text": _l("no text in this language"),
    "good": _l("usable"),
    "too_short": _l("too short"),
    "too_long": _l("too long"),
    "too_quiet": _l("too quiet"),
    "no_speech": _l("no speech"),
    "overdriven": _l("overdriven"),
    "unusable": _l("not usable"),
    "kept": _l("kept"),
    "changed": _l("text changed meanwhile"),
    "nothing": _l("nothing to keep"),
    "dropped": _l("dropped"),
    "match": _l("keys accepted"),
    "slower": _l("spoken slower from here on"),
    "usual_speed": _l("back at the usual speed"),
    "louder": _l("spoken louder from here on"),
    "usual_volume": _l("back at the usual volume"),
    "no_input": _l("no key pressed"),
    "no_match": _l("wrong key"),
    "hang_up": _l("caller hung up"),
    "failure": _l("a fault of the flow"),
    "empty": _l("nothing to read"),
    "next": _l("next one"),
    "no_more": _l("no more"),
    "otherwise": _l("otherwise"),
    "zh-CN": _l("Mandarin"),
    "en": _l("English"),
    "found": _l("found"),
    "not_found": _l("not found"),
    "code_needed": _l("query code needed"),
    "wrong_code": _l("wrong query code"),
    "locked": _l("locked"),
    "nothing_owed": _l("nothing owed"),
    "none": _l("none"),
    "unknown_area": _l("unknown area"),
    "timeout": _l("took too long"),
    "error": _l("failed"),
    "filed": _l("filed"),
    "recorded": _l("recorded"),
    "answered": _l("answered"),
    "open": _l("open"),
    "closed": _l("closed"),
    "busy": _l("busy"),
    "no_answer": _l("no answer"),
    "failed": _l("failed"),
    "complaint_filed": _l("complaint filed"),
    "finished": _l("said goodbye"),
    "message": _l("message left"),
}

AUDIT_WORD = {
    "studio_code_made": _l("Telephone code made"),
    "studio_code_ended": _l("Telephone code ended"),
    "studio_code_locked": _l("Telephone code locked after wrong tries"),
    "studio_entered": _l("Signed in by telephone to record"),
    "prompt_recorded_by_telephone": _l("Prompt recorded by telephone"),
    "signed_in": _l("Signed in"),
    "sign_in_refused": _l("Sign-in refused"),
    "code_refused": _l("Code of the second factor refused"),
    "second_factor_on": _l("Second factor turned on"),
    "second_factor_off": _l("Second factor taken away"),
    "recovery_codes_made": _l("Recovery codes made anew"),
    "session_ended": _l("Session ended"),
    "sessions_ended": _l("Sessions ended"),
    "complaint_opened": _l("Complaint opened"),
    "call_opened": _l("Call record opened"),
    "line_called": _l("Line called from the browser"),
    "calls_exported": _l("Call records taken away as a file"),
    "complaints_exported": _l("Complaints taken away as a file"),
    "numbers_shown": _l("Numbers shown whole"),
    "purged": _l("What is kept no longer was removed"),
    "audit_purged": _l("Oldest entries of this log removed"),
    "password_changed": _l("Password changed"),
    "staff_created": _l("Account added"),
    "staff_changed": _l("Account changed"),
    "token_created": _l("Token made"),
    "token_revoked": _l("Token revoked"),
    "call_annotated": _l("Note on a call"),
    "complaint_moved": _l("Complaint moved on"),
    "complaint_assigned": _l("Complaint given to a department"),
    "complaint_returned": _l("Complaint returned by a department"),
    "complaint_taken": _l("Complaint taken"),
    "complaint_let_go": _l("Complaint put back for colleagues"),
    "complaint_annotated": _l("Note on a complaint"),
    "complaint_corrected": _l("Complaint corrected"),
    "complaint_merged": _l("Complaint merged"),
    "complaint_separated": _l("Merge of complaints taken back"),
    "complaint_confided": _l("Complaint made confidential"),
    "complaint_opened_up": _l("Complaint no longer confidential"),
    "call_back_done": _l("Call-back done"),
    "recording_heard": _l("Recording heard"),
    "sip_trace_fetched": _l("SIP trace fetched"),
    "listening_in_began": _l("Began to listen in to a call"),
    "listening_in_ended": _l("Ended listening in to a call"),
    "transcript_read": _l("Transcript read"),
    "transcript_changed": _l("Transcript changed"),
    "transcript_checked": _l("Transcript checked"),
    "transcript_again": _l("Transcribed again"),
    "outage_saved": _l("Outage notice saved"),
    "outage_ended": _l("Outage notice ended"),
    "outage_extended": _l("Outage notice: end changed"),
    "outage_removed": _l("Draft of an outage notice removed"),
    "outage_template_saved": _l("Template of outage notices saved"),
    "outage_template_removed": _l("Template of outage notices removed"),
    "outages_uploaded": _l("List of outage notices taken in"),
    "outages_upload_undone": _l("List of outage notices taken back"),
    "call_back_taken": _l("Call-back taken"),
    "call_back_tried": _l("Call-back tried"),
    "area_saved": _l("Area saved"),
    "area_removed": _l("Area removed"),
    "bills_imported": _l("Bills imported"),
    "bills_undone": _l("Import of bills undone"),
    "account_unlocked": _l("Lock of an account lifted"),
    "prompt_published": _l("Prompt published"),
    "pronunciation_published": _l("Pronunciation published"),
    "pronunciation_deleted": _l("Pronunciation deleted"),
    "pronunciation_restored": _l("Pronunciation restored"),
    "prompt_recorded": _l("Recording of a prompt taken into use"),
    "prompt_recording_withdrawn": _l("Recording of a prompt taken out of use"),
    "prompt_added": _l("Prompt made"),
    "prompt_deleted": _l("Prompt deleted"),
    "prompt_restored": _l("Older version of a prompt restored"),
    "prompt_variant_saved": _l("Variant of prompts saved"),
    "prompt_variant_removed": _l("Variant of prompts removed"),
    "flow_published": _l("Call flow published"),
    "scenario_kept": _l("Call kept as a test"),
    "scenario_taken_again": _l("Kept call taken again"),
    "scenario_removed": _l("Kept call removed"),
    "schedule_saved": _l("Schedule saved"),
    "schedule_removed": _l("Schedule removed"),
    "calendar_changed": _l("Calendar changed"),
    "calendar_imported": _l("Days of the calendar imported"),
    "announcement_begun": _l("Emergency announcement put out"),
    "announcement_extended": _l("Emergency announcement: end changed"),
    "announcement_ended": _l("Emergency announcement ended"),
    "number_saved": _l("Number saved"),
    "number_removed": _l("Number removed"),
    "ban_lifted": _l("Ban lifted"),
    "network_exempted": _l("Network never to be banned"),
    "exemption_ended": _l("Network treated as any other again"),
}
BAN_REASON = {
    "registration": _l("Tried to register"),
    "password": _l("Wrong passwords"),
    "stranger": _l("Calls where only trunks may call"),
    "method": _l("Requests this line does not serve"),
    "malformed": _l("Malformed packets"),
    "calls": _l("Too many calls"),
    "flood": _l("Too many packets"),
    "scanner": _l("A scanner"),
}
AUDIT_DETAIL = {
    "until": _l("Until"),
    "words": _l("Words"),
    "into": _l("Into"),
    "by": _l("With"),
    "now": _l("Now"),
    "role": _l("Role"),
    "department": _l("Department"),
    "number": _l("Number"),
    "numbers": _l("Numbers"),
    "search": _l("Search"),
    "up_to": _l("Up to entry"),
    "hash": _l("Its seal"),
    "calls": _l("Calls"),
    "recordings": _l("Recordings"),
    "transcripts": _l("Transcripts"),
    "complaints": _l("Complaints"),
    "call_backs": _l("Call-backs"),
    "audit": _l("Entries of this log"),
    "clauses": _l("Rendered clauses"),
    "traces": _l("SIP traces (files)"),
    "sessions": _l("Sessions"),
    "to": _l("New state"),
    "fields": _l("Fields"),
    "revision": _l("Revision"),
    "flow": _l("Flow"),
    "imported": _l("lines imported"),
    "wrong": _l("faults"),
}

KEPT_KIND = {
    "calls": _l("Call records"),
    "call_backs": _l("Call-backs done"),
    "recordings": _l("Recordings"),
    "transcripts": _l("Transcripts"),
    "complaints": _l("Complaints"),
    "audit": _l("Entries of the audit log"),
    "clauses": _l("Rendered clauses"),
    "traces": _l("SIP traces (files)"),
    "sessions": _l("Ended sessions"),
}
SETTING_SOURCE = {"environment": _l("environment"), "default": _l("default")}
SIGN_IN_BY = {
    "second_factor": _l("the app's code"),
    "recovery_code": _l("a recovery code"),
}

# The columns of a bill file, as its first line may name them in this language.
BILL_COLUMN = {
    "account": _l("Account"),
    "kind": _l("Supply"),
    "period": _l("Period"),
    "amount": _l("Amount"),
    "due_on": _l("Due date"),
    "state": _l("State"),
    "holder": _l("Holder"),
    "query_code": _l("Query code"),
}
# The columns of a list of outage notices.
NOTICE_COLUMN = {
    "kind": _l("Supply"),
    "areas": _l("Areas"),
    "starts": _l("From"),
    "ends": _l("Expected to end"),
    "text_zh": _l("Chinese text"),
    "text_en": _l("English text"),
    "heard_from": _l("Heard from"),
}
# Who stands in a history without being a member of staff.
WHO = {
    "line": _l("The line"),
    "sample": _l("Sample data"),
    "command": _l("On the command line"),
}
CORRECTED = {
    "reply": _l("Reply the caller hears"),
    "reply_en": _l("Reply English callers hear"),
    "category": _l("Category"),
    "department": _l("Department"),
    "deadline": _l("Deadline"),
    "callback_number": _l("Call-back number"),
    "area": _l("Area"),
}

CALL_OUTCOME = {
    "self_served": _l("Served by the line"),
    "person": _l("Reached a person"),
    "message": _l("Left a message"),
    "abandoned": _l("Abandoned"),
    "fault": _l("Ended by a fault"),
    "unanswered": _l("Not answered"),
}
LINE_GAP = {
    "stopped": _l("Stopped by an operator"),
    "silent": _l("No sign of life"),
}

# Days of the calendar, the sign each has in it, and what may happen to it.
DAY_KIND = {
    "holiday": _l("Holiday: closed"),
    "workday": _l("Moved working day"),
    "special": _l("Special hours"),
}
DAY_SIGN = {"holiday": _l("H"), "workday": _l("W"), "special": _l("S")}
DAY_TONE = {"holiday": "bad", "workday": "busy", "special": "busy"}
SCHEDULE_CHANGE = {
    "added": _l("Schedule made"),
    "edited": _l("Schedule changed"),
    "removed": _l("Schedule removed"),
    "day_added": _l("Day entered"),
    "days_added": _l("Days entered"),
    "day_edited": _l("Day changed"),
    "day_removed": _l("Day taken out"),
}
MANNER = {
    "go_on": _l("then the line goes on as always"),
    "person_only": _l("then only a person, or the end"),
}

TABLES = {
    "day_kind": DAY_KIND,
    "day_sign": DAY_SIGN,
    "schedule_change": SCHEDULE_CHANGE,
    "manner": MANNER,
    "role": ROLE_NAMES,
    "kept_kind": KEPT_KIND,
    "setting_source": SETTING_SOURCE,
    "sign_in_by": SIGN_IN_BY,
    "call_outcome": CALL_OUTCOME,
    "line_gap": LINE_GAP,
    "corrected": CORRECTED,
    "bill_column": BILL_COLUMN,
    "notice_column": NOTICE_COLUMN,
    "call_back_result": CALL_BACK_RESULT,
    "who": WHO,
    "audit_word": AUDIT_WORD,
    "audit_detail": AUDIT_DETAIL,
    "language": LANGUAGE,
    "ended_by": ENDED_BY,
    "end_reason": END_REASON,
    "complaint_state": COMPLAINT_STATE,
    "utility": UTILITY,
    "bill_state": BILL_STATE,
    "import_state": IMPORT_STATE,
    "recording_kind": RECORDING_KIND,
    "recording_state": RECORDING_STATE,
    "transcript_fault": TRANSCRIPT_FAULT,
    "call_back_state": CALL_BACK_STATE,
    "call_back_reason": CALL_BACK_REASON,
    "trunk_state": TRUNK_STATE,
    "ban_reason": BAN_REASON,
    "outage_state": OUTAGE_STATE,
    "step_kind": STEP_KIND,
    "step_outcome": STEP_OUTCOME,
}
TONES = {
    "day_kind": DAY_TONE,
    "ended_by": ENDED_TONE,
    "complaint_state": COMPLAINT_TONE,
    "trunk_state": TRUNK_TONE,
    "outage_state": OUTAGE_TONE,
    "import_state": IMPORT_TONE,
}


def word(value: object, table: str) -> str:
    """Return the name of ``value`` in ``table``; the value itself where it has none."""
    if value is None or value == "":
        return "—"
    return str(TABLES[table].get(str(value), value))


def tone(value: object, table: str) -> str:
    """Return the tone (good, busy, bad, quiet) in which ``value`` is shown."""
    return TONES[table].get(str(value), "quiet")


def named(row: Any) -> str:
    """Return the name of a row with ``name_zh`` and ``name_en``, in the page's language."""
    if row is None:
        return "—"
    names = (row.name_zh, row.name_en)
    first, second = names if page_language() == "zh-CN" else reversed(names)
    return str(first or second)


def attach(app: Flask) -> None:
    """Offer these as filters to the templates of ``app``."""
    for function in (word, tone, named):
        app.jinja_env.filters[function.__name__] = function
