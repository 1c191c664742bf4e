"""Recording a prompt by telephone: sign in by code, name the prompt, judge the take, keep it.

A `Visit` is what one call's studio knows: who keyed the code, which prompt is being
recorded, what the voice process found in the take. It lives in the call, not in the flow:
no flow can claim to be somebody. Whether the code still opens is asked at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import PromptRecording, RecordingSource, Staff
from ivr.services import (
    audit,
    prompt_numbers,
    prompt_recordings,
    prompt_variants,
    studio_codes,
)
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.outcome import Outcome, Spoken
from ivr.services.text import digits_of

FAULTS = ("too_short", "too_long", "too_quiet", "no_speech", "overdriven", "unusable")
"""Why a take is refused (`prompts.errors.Fault`); the flow says each in words."""
HEARD_NOW = "studio:now"
"""What a flow replays to let the prompt be heard as callers hear it now."""
TAKE = "studio:take"
"""The same for the take, as callers would hear it."""

_REASON = {"zh-CN": "电话录音", "en": "recorded by telephone"}
_SIGNED_OUT = Outcome("signed_out")


@dataclass(frozen=True, slots=True)
class Words:
    """What the studio needs to know of a prompt: its text in each language."""

    texts: Mapping[str, str]
    has_slots: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """A take that was looked at; `path` is relative to the state folder, valid once kept."""

    fault: str = ""
    path: str = ""
    sha256: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Visit:
    """One call's studio; `prompts` gives the catalogue as new callers get it."""

    caller: str = ""
    prompts: Callable[[], Mapping[str, Words]] = dict
    code: int | None = None
    prompt: str = ""
    language: str = ""
    variant: str = ""
    text: str = ""
    examined: Examined | None = field(default=None)


def enter(session: Session, visit: Visit, digits: str, now: datetime) -> Outcome:
    """Sign in by code; a wrong one is counted."""
    visit.code = None
    tried = studio_codes.attempt(session, digits_of(digits), visit.caller, now)
    if tried.code is not None:
        visit.code = tried.code.id
        return Outcome("accepted")
    if tried.tries_left:
        return Outcome("wrong_code", {"tries_left": tried.tries_left})
    return Outcome("locked", {"minutes": tried.locked_min})


def find(session: Session, visit: Visit, number: str, language: str) -> Outcome:
    """The prompt of a number in the desk's list, and in what it may be recorded."""
    if _person(session, visit) is None:
        return _SIGNED_OUT
    visit.prompt = visit.language = visit.variant = ""
    visit.examined = None
    known = visit.prompts()
    prompt = _numbered(session, digits_of(number), known)
    words = known.get(prompt)
    if words is None:
        return Outcome("not_found")
    if words.has_slots:
        return Outcome("has_slots")
    visit.prompt = prompt
    variants: list[dict[str, Spoken]] = [
        {"code": row.code, "name": row.name_zh if language == "zh-CN" else row.name_en}
        for row in prompt_variants.all_variants(session)
        if row.language in words.texts
    ]
    return Outcome("found", {"variants": variants, "count": len(variants)})


def choose(session: Session, visit: Visit, tongue: str) -> Outcome:
    """What the take will be in: a language, or a variant's code."""
    if _person(session, visit) is None:
        return _SIGNED_OUT
    words = visit.prompts().get(visit.prompt)
    if words is None:
        return Outcome("no_text")
    language, variant = tongue, ""
    if tongue not in words.texts:
        try:
            language, variant = prompt_variants.get(session, tongue).language, tongue
        except NotFoundError:
            return Outcome("no_text")
    if language not in words.texts:
        return Outcome("no_text")
    visit.language, visit.variant, visit.text = language, variant, words.texts[language]
    visit.examined = None
    return Outcome("ready", {"now": HEARD_NOW})


def check(session: Session, visit: Visit) -> Outcome:
    """What the voice process found in the take: `good`, or why it cannot be a prompt."""
    if _person(session, visit) is None:
        return _SIGNED_OUT
    if visit.examined is None:
        return Outcome("unusable")
    if visit.examined.fault:
        fault = visit.examined.fault
        return Outcome(fault if fault in FAULTS else "unusable")
    return Outcome("good", {"sound": TAKE})


def keep(session: Session, visit: Visit, language: str, now: datetime) -> Outcome:
    """Take it into use: the next call hears it. Asked twice for one take, it is kept once."""
    person = _person(session, visit)
    if person is None:
        return _SIGNED_OUT
    examined = visit.examined
    if examined is None or examined.fault:
        return Outcome("nothing")
    if is_published(session, examined.path):
        return Outcome("kept")
    words = visit.prompts().get(visit.prompt)
    present = words.texts.get(visit.language) if words is not None else None
    # Somebody published other words while these were spoken.
    if words is None or words.has_slots or not prompt_recordings.same_words(present, visit.text):
        return Outcome("changed")
    try:
        row = prompt_recordings.keep(
            session,
            prompt=visit.prompt,
            language=visit.language,
            variant=visit.variant,
            path=examined.path,
            sha256=examined.sha256,
            seconds=examined.seconds,
            text=visit.text,
            author=person.username,
            reason=_REASON.get(language, _REASON["en"]),
            source=RecordingSource.TELEPHONE,
            now=now,
        )
    except RefusedError:  # the variant was removed meanwhile
        return Outcome("changed")
    audit.record(
        session,
        who=person.username,
        what="prompt_recorded_by_telephone",
        record=" ".join(part for part in (visit.prompt, visit.language, visit.variant) if part),
        detail={"revision": str(row.revision)},
        now=now,
    )
    return Outcome("kept")


def drop(visit: Visit) -> Outcome:
    """Let the take go; who runs the call removes its sound."""
    visit.examined = None
    return Outcome("dropped")


def is_published(session: Session, path: str) -> bool:
    """Whether a file belongs to a take that was kept, and so must stay."""
    found = select(PromptRecording.id).where(PromptRecording.path == path).limit(1)
    return session.scalar(found) is not None


def _person(session: Session, visit: Visit) -> Staff | None:
    return None if visit.code is None else studio_codes.holder(session, visit.code)


def _numbered(session: Session, number: str, known: Mapping[str, Words]) -> str:
    """The prompt of a number; prompts that nobody has listed yet get theirs first."""
    if not number:
        return ""
    for give_numbers in (False, True):
        if give_numbers:
            prompt_numbers.assign(session, known)
        try:
            return prompt_numbers.prompt_of(session, int(number))
        except NotFoundError:
            continue
    return ""
