"""One history of a prompt in a language: its texts and its recordings, newest first.

A version is named in addresses by a letter and a number: ``t3`` is the text of revision 3,
``t0`` the delivered one, ``r17`` the recording with that id. Nothing is ever overwritten: to
restore one makes a new version.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from admin_web.prompts.published import delivered
from ivr.records.tables import PromptRecording
from ivr.services import prompt_recordings, revisions
from prompts.catalogue import Catalogue

# English by words, Chinese by characters; a slot is one word.
_WORDS = re.compile(r"\{[^{}]*\}|[A-Za-z0-9]+(?:['’][A-Za-z]+)?|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Version:
    """A text, or a recording (``take``) of one; ``at`` is None for the delivered text."""

    key: str
    number: int
    text: str
    who: str = ""
    why: str = ""
    at: datetime | None = None
    take: PromptRecording | None = None
    in_use: bool = False


def versions(
    session: Session, catalogue: Catalogue, prompt_id: str, language: str
) -> list[Version]:
    """Return every version of a prompt in a language and its variants."""
    present = catalogue.text(prompt_id, language)
    texts = revisions.prompt_history(session, prompt_id, language)
    takes = prompt_recordings.history(session, prompt_id, language)
    heard = {row.id for row in prompt_recordings.heard(session, catalogue.text).values()}
    found = [
        Version(f"t{row.revision}", row.revision, row.text, row.author, row.message, row.created_at)
        for row in texts
    ]
    found += [
        Version(
            f"r{row.id}",
            row.revision,
            row.text,
            row.author,
            row.reason,
            row.created_at,
            row,
            row.id in heard,
        )
        for row in takes
    ]
    found.sort(key=lambda version: (version.at is not None, version.at), reverse=True)
    original = delivered().text(prompt_id, language)
    if original is not None:
        found.append(Version("t0", 0, original))
    return list(_marked(found, present))


def _marked(found: list[Version], present: str | None) -> Iterator[Version]:
    """Yield the versions, the newest text of the present words marked as in use."""
    open_still = True
    for one in found:
        if one.take is None and open_still and one.text == present:
            open_still = False
            yield Version(one.key, one.number, one.text, one.who, one.why, one.at, in_use=True)
        else:
            yield one


def differences(old: str, new: str) -> list[tuple[str, str]]:
    """Return ``(mark, words)``: ``+`` only in ``new``, ``-`` only in ``old``, else a blank."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    found: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            found.append((" ", "".join(before[a:b])))
            continue
        if a < b:
            found.append(("-", "".join(before[a:b])))
        if c < d:
            found.append(("+", "".join(after[c:d])))
    return found
