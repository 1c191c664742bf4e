"""The catalogue: what the line can say, by prompt id and language.

One YAML file a language, `text/<language>.yaml`, written for a clerk to read: a
prompt id, then its text, or a mapping where there is more to say about it:

    welcome: 您好，这里是民声热线。
    bill_due:
      text: 您应缴{amount:money}，请于{due:date}前缴纳。
      note: Heard after the account number; say the amount first.
    phrase.paid: 已缴清
    bill_kind:
      text: 您的{kind:phrase}账单。
      phrases: {kind: [electricity, water, gas]}

`phrases` names the values a slot takes in the flows, in one language for all; each is
then rendered ahead of the first call. `again: true` says that the caller has just heard
the same number: its digits are parted in other places than the first time. Ids are
slugs; `phrase.<name>` is what a slot of type `phrase` says for the value `<name>`. A
catalogue is immutable: a published edit makes a new one (`with_overrides`), and a call
keeps the one it started with. What is wrong in a file is an error; what should be
looked at (a translation missing, slots that differ between languages) is a problem,
listed and never raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from prompts.errors import CatalogueError, Message, PromptError
from prompts.manner import USUAL, Manner
from prompts.slots import Piece, SlotType, parse_text, slots_of

LANGUAGES = ("zh-CN", "en")
PHRASE = "phrase."

ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*")
_KEYS = frozenset({"text", "note", "phrases", "again"})
# A sentence longer than this is not listened to; it is far over the longest guide.
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing the line says, in every language it can."""

    id: str
    texts: Mapping[str, str]
    slots: Mapping[str, SlotType]
    note: str = ""
    pieces: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict, repr=False)
    recordings: Mapping[str, Path] = field(default_factory=dict)
    # (language, variant) -> a recording in a dialect or another manner of that language
    variants: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    again: bool = False

    @property
    def recordable(self) -> bool:
        """Whether a recording of it can be heard: it has no slots, and is no part of another."""
        return not self.slots and not self.id.startswith(PHRASE)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one language's file says of a prompt."""

    text: str
    note: str = ""
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to look at in a prompt; the line runs in spite of it."""

    prompt: str
    language: str
    text: Message

    def __str__(self) -> str:
        return f"{self.prompt} ({self.language}): {self.text}"


class Catalogue:
    """All prompts, looked up by id. Immutable."""

    def __init__(
        self,
        prompts: Mapping[str, Prompt],
        languages: tuple[str, ...],
        manner: Manner = USUAL,
    ) -> None:
        self._prompts = dict(prompts)
        self.languages = languages
        self.manner = manner

    @classmethod
    def load_folder(cls, folder: Path) -> Catalogue:
        """Read every `<language>.yaml` of `folder`; CatalogueError names file, line and id."""
        entries: dict[str, dict[str, _Entry]] = {}
        files = sorted(folder.glob("*.yaml"), key=lambda file: _language_order(file.stem))
        if not files:
            raise CatalogueError(str(folder), "no <language>.yaml file here")
        for file in files:
            for prompt_id, entry in _read(file).items():
                entries.setdefault(prompt_id, {})[file.stem] = entry
        prompts: dict[str, Prompt] = {}
        for prompt_id, by_language in entries.items():
            note = next((entry.note for entry in by_language.values() if entry.note), "")
            spoken = {language: entry.text for language, entry in by_language.items()}
            phrases = {k: v for entry in by_language.values() for k, v in entry.phrases.items()}
            again = any(entry.again for entry in by_language.values())
            built = _prompt(prompt_id, spoken, note)
            prompts[prompt_id] = replace(built, phrases=phrases, again=again)
        return cls(prompts, tuple(file.stem for file in files))

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self._prompts.values())

    def __len__(self) -> int:
        return len(self._prompts)

    def __contains__(self, prompt_id: object) -> bool:
        return prompt_id in self._prompts

    def prompt(self, prompt_id: str) -> Prompt:
        """The prompt of this id; PromptError where there is none."""
        try:
            return self._prompts[prompt_id]
        except KeyError:
            raise PromptError(
                "there is no prompt %(prompt)r in the catalogue", prompt=prompt_id
            ) from None

    def with_overrides(self, texts: Mapping[tuple[str, str], str]) -> Catalogue:
        """A catalogue in which `{(id, language): text}` replaces or adds texts.

        PromptError names the prompt, the language and the fault of a text that
        cannot be parsed.
        """
        prompts = dict(self._prompts)
        for (prompt_id, language), text in texts.items():
            old = prompts.get(prompt_id)
            _check_id(prompt_id, f"prompt {prompt_id!r}")
            spoken = {**(old.texts if old else {}), language: text}
            try:
                new = _prompt(prompt_id, spoken, old.note if old else "")
            except PromptError as error:
                raise PromptError(
                    "prompt %(prompt)r in %(language)s: %(reason)s",
                    prompt=prompt_id,
                    language=language,
                    reason=error.message,
                ) from None
            if old:
                new = replace(
                    new,
                    recordings=old.recordings,
                    variants=old.variants,
                    phrases=old.phrases,
                    again=old.again,
                )
            prompts[prompt_id] = new
        languages = self._languages_with(language for _, language in texts)
        return Catalogue(prompts, languages, self.manner)

    def text(self, prompt_id: str, language: str) -> str | None:
        """The text of a prompt in one language; None where there is none."""
        prompt = self._prompts.get(prompt_id)
        return prompt.texts.get(language) if prompt else None

    def with_recordings(self, files: Mapping[tuple[str, str, str], Path]) -> Catalogue:
        """A catalogue in which staff's own recording `{(id, language, variant): file}` is heard.

        An empty variant is the language itself. A recording's file never changes once
        published: a new take gets a new name.
        """
        prompts = dict(self._prompts)
        for (prompt_id, language, variant), file in files.items():
            self.prompt(prompt_id)
            known = prompts[prompt_id]
            if variant:
                known = replace(known, variants={**known.variants, (language, variant): file})
            else:
                known = replace(known, recordings={**known.recordings, language: file})
            prompts[prompt_id] = known
        languages = self._languages_with(language for _, language, _ in files)
        return Catalogue(prompts, languages, self.manner)

    def with_manner(self, manner: Manner) -> Catalogue:
        """The same prompts said in this manner: as set, and with staff's pronunciations."""
        return Catalogue(self._prompts, self.languages, manner)

    def problems(self) -> list[Problem]:
        """What should be looked at: missing languages, slots that differ, unusable recordings."""
        found: list[Problem] = []
        for prompt in self:
            found.extend(_phrase_problems(prompt, self._prompts))
            for language in self.languages:
                if language not in prompt.texts and language not in prompt.recordings:
                    found.append(Problem(prompt.id, language, Message("no text in this language")))
                    continue
                slots = slots_of(prompt.pieces.get(language, ()))
                found.extend(_slot_problems(prompt, language, slots))
                if slots and language in prompt.recordings:
                    text = Message("has slots: its recording is not used, the text is synthesised")
                    found.append(Problem(prompt.id, language, text))
        return found

    def _languages_with(self, more: Iterator[str]) -> tuple[str, ...]:
        return tuple(sorted({*self.languages, *more}, key=_language_order))


def _phrase_problems(prompt: Prompt, prompts: Mapping[str, Prompt]) -> Iterator[Problem]:
    for name, values in prompt.phrases.items():
        if prompt.slots.get(name) is not SlotType.PHRASE:
            text = Message("phrases: %(slot)r is no slot of type phrase here", slot=name)
            yield Problem(prompt.id, LANGUAGES[0], text)
        for value in values:
            if PHRASE + value not in prompts:
                text = Message("phrases: there is no %(id)s", id=PHRASE + value)
                yield Problem(prompt.id, LANGUAGES[0], text)


def _slot_problems(
    prompt: Prompt, language: str, slots: Mapping[str, SlotType]
) -> Iterator[Problem]:
    for name, kind in prompt.slots.items():
        if name not in slots and language in prompt.texts:
            text = Message("slot %(slot)r is not said in this language", slot=name)
            yield Problem(prompt.id, language, text)
        elif name in slots and slots[name] is not kind:
            text = Message(
                "slot %(slot)r is %(here)s here and %(there)s elsewhere",
                slot=name,
                here=slots[name].value,
                there=kind.value,
            )
            yield Problem(prompt.id, language, text)


def _prompt(prompt_id: str, texts: Mapping[str, str], note: str) -> Prompt:
    """Build a prompt; slots are those of all its languages, the first language's type first."""
    pieces: dict[str, tuple[Piece, ...]] = {}
    slots: dict[str, SlotType] = {}
    for language in sorted(texts, key=_language_order):
        _check_text(texts[language])
        pieces[language] = parse_text(texts[language])
        for name, kind in slots_of(pieces[language]).items():
            slots.setdefault(name, kind)
    if prompt_id.startswith(PHRASE) and slots:
        raise PromptError(
            "%(prompt)s: a phrase is said inside another prompt and has no slots", prompt=prompt_id
        )
    return Prompt(prompt_id, dict(texts), slots, note, pieces)


def _check_id(prompt_id: object, place: str) -> str:
    if not isinstance(prompt_id, str) or not ID.fullmatch(prompt_id):
        raise CatalogueError(
            place, "%(id)r is not an id: lower-case letters, digits and _", id=prompt_id
        )
    return prompt_id


def _check_text(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise PromptError("the text is empty; to say nothing, leave the prompt out of the flow")
    if len(text) > _LONGEST_TEXT:
        raise PromptError(
            "the text is over %(most)s characters; cut it into prompts", most=_LONGEST_TEXT
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PromptError("the text holds half a character (a lone surrogate)") from None
    return text


def _read(file: Path) -> dict[str, _Entry]:
    """What one language's file says of each prompt."""
    yaml = YAML(typ="rt")
    try:
        content = yaml.load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file.name}:{mark.line + 1}" if mark is not None else file.name
        raise CatalogueError(
            place, "not YAML: %(reason)s", reason=error.problem or error.context
        ) from None
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        raise CatalogueError(file.name, "cannot be read: %(reason)s", reason=error) from None
    if not isinstance(content, CommentedMap):
        raise CatalogueError(file.name, "must be a mapping of prompt ids to texts")
    return {
        _check_id(key, _place(file, content, key)): _entry(file, content, key) for key in content
    }


def _entry(file: Path, content: CommentedMap, key: str) -> _Entry:
    value = content[key]
    place = f"{_place(file, content, key)}: {key}"
    note = ""
    phrases: dict[str, tuple[str, ...]] = {}
    again = False
    if isinstance(value, CommentedMap):
        unknown = sorted(str(name) for name in value if name not in _KEYS)
        if unknown:
            raise CatalogueError(
                place, "unknown key %(key)r; known: again, note, phrases, text", key=unknown[0]
            )
        note = value.get("note", "")
        if not isinstance(note, str):
            raise CatalogueError(place, "the note is one text")
        phrases = _phrases(place, value.get("phrases", {}))
        again = value.get("again", False) is True
        value = value.get("text")
    try:
        text = _check_text(value)
        slots_of(parse_text(text))
    except PromptError as error:
        raise CatalogueError(place, "%(reason)s", reason=error.message) from None
    return _Entry(str(text), note, phrases, again)


def _phrases(place: str, given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict) or not all(isinstance(names, list) for names in given.values()):
        raise CatalogueError(place, "phrases gives each slot a list of names, such as [water, gas]")
    return {str(slot): tuple(map(str, names)) for slot, names in given.items()}


def _place(file: Path, content: CommentedMap, key: object) -> str:
    line, _ = content.lc.key(key)
    return f"{file.name}:{line + 1}"


def _language_order(name: str) -> tuple[int, str]:
    return (LANGUAGES.index(name) if name in LANGUAGES else len(LANGUAGES), name)
