"""The edits that the page of a flow sends: lists of small ones, each list one step to undo.

["put", node, fields, after]    give a node these fields; a new one stands behind `after`
["remove", node]  ["rename", node, name]  ["copy", node, name]
["head", {start: ...}]          keys of the flow itself; null takes one away
["text", text]                  the whole text, as typed
["words", prompt, {language: text}]   what a prompt says; null takes the draft's text back
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.flows.forms import LONGEST_TEXT
from admin_web.prompts.published import LANGUAGES
from call_flows.editing import Plain, copy_node, put_head, put_node, remove_node, rename_node
from call_flows.fields import PROMPT
from call_flows.source import MAX_DEPTH
from ivr.services import revisions
from ivr.services.flow_drafts import Draft

MOST_EDITS = 20
_LONGEST_PROMPT = 2000


class UnknownEditError(Exception):
    """The page sent what no page of ours sends."""

    @property
    def message(self) -> str:
        """The one thing to say, in the language of the page."""
        return str(_("This edit was not understood; load the page again."))


class Edited:
    """A draft's text and words while edits are made."""

    def __init__(self, session: Session, draft: Draft) -> None:
        self._session = session
        self.text = draft.text
        self.words: dict[str, dict[str, dict[str, Any]]] = {
            prompt: {language: dict(kept) for language, kept in by_language.items()}
            for prompt, by_language in draft.words.items()
        }

    def apply(self, edits: object) -> None:
        """Make the edits in order; UnknownEditError, FlowError."""
        if not isinstance(edits, list) or not 0 < len(edits) <= MOST_EDITS:
            raise UnknownEditError
        for edit in edits:
            if not isinstance(edit, list) or not edit or not isinstance(edit[0], str):
                raise UnknownEditError
            action = _EDITS.get(edit[0])
            if action is None:
                raise UnknownEditError
            try:
                action(self, *edit[1:])
            except TypeError:
                raise UnknownEditError from None
        if len(self.text) > LONGEST_TEXT:
            raise UnknownEditError

    def put(self, node: object, fields: object, after: object = "") -> None:
        self.text = put_node(self.text, _text(node), _table(fields), after=_text(after))

    def remove(self, node: object) -> None:
        self.text = remove_node(self.text, _text(node))

    def rename(self, node: object, name: object) -> None:
        self.text = rename_node(self.text, _text(node), _text(name))

    def copy(self, node: object, name: object) -> None:
        self.text = copy_node(self.text, _text(node), _text(name))

    def head(self, fields: object) -> None:
        if not isinstance(fields, dict):
            raise UnknownEditError
        wanted = {
            _text(key): None if value is None else _plain(value) for key, value in fields.items()
        }
        self.text = put_head(self.text, wanted)

    def whole(self, text: object) -> None:
        self.text = _text(text).replace("\r\n", "\n")

    def say(self, prompt: object, texts: object) -> None:
        """What a prompt says; the revision it began from is noted once."""
        name = _text(prompt)
        if not isinstance(texts, dict) or not PROMPT.fullmatch(name):
            raise UnknownEditError
        for language, text in texts.items():
            if language not in LANGUAGES:
                raise UnknownEditError
            if text is None:
                self.words.get(name, {}).pop(language, None)
                continue
            kept = self.words.setdefault(name, {}).setdefault(language, {})
            if "base" not in kept:
                newest = revisions.newest_prompt(self._session, name, language)
                kept["base"] = newest.revision if newest else 0
            kept["text"] = _text(text)[:_LONGEST_PROMPT]
        if not self.words.get(name):
            self.words.pop(name, None)


_EDITS: Mapping[str, Callable[..., None]] = {
    "put": Edited.put,
    "remove": Edited.remove,
    "rename": Edited.rename,
    "copy": Edited.copy,
    "head": Edited.head,
    "text": Edited.whole,
    "words": Edited.say,
}


def _text(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise UnknownEditError
    return value


def _table(value: object) -> dict[str, Plain]:
    found = _plain(value)
    if not isinstance(found, dict):
        raise UnknownEditError
    return found


def _plain(value: object, depth: int = 0) -> Plain:
    """Tables, lists and texts, as the page sends them; a number or a yes is its text."""
    if depth > MAX_DEPTH:
        raise UnknownEditError
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_text(key): _plain(one, depth + 1) for key, one in value.items()}
    raise UnknownEditError
