"""From a prompt and its values to the clauses a caller hears.

What never changes is cut from what does, at the ends of sentences and around the
slots, so that a fixed clause is rendered once for all calls. Short values (a count, a
phrase) are said inside their sentence; an amount, a date or a group of digits is a
clause of its own, with the word or two around it that belong to it (`请于…前缴纳`),
because a lone particle sounds chopped. Gaps of 120 to 250 ms between clauses scored
like whole sentences; digits joined one by one were not recognisable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

from prompts import numerals_en, numerals_zh, reading_en, reading_zh
from prompts.catalogue import PHRASE, Catalogue, Prompt
from prompts.clause import Clause
from prompts.digit_by_digit import digit_by_digit
from prompts.digit_groups import digit_groups, phone_groups
from prompts.errors import PromptError
from prompts.manner import USUAL, Manner
from prompts.slots import Slot, SlotType, Value, check_value

JOIN_PAUSE_MS = 120
COMMA_PAUSE_MS = 180
SENTENCE_PAUSE_MS = 250
# Around groups of digits: a caller writes them down.
LABEL_PAUSE_MS = 300
GROUP_PAUSE_MS = 400

_SENTENCE_END = "。！？；!?;\n"
_COMMA = "，、,：:—…"
_MARKS = _SENTENCE_END + _COMMA + ". \t"
_HAN = re.compile(r"[\u3400-\u9fff]")
# A full stop or colon ends a sentence only before a space: 12.5, 8:30 and p.m. stay whole.
# So does "No. 2", which is a number.
_SENTENCES = re.compile(r"[。！？；!?;\n]+[”\"）)]*\s*|\.(?!(?<=\bNo\.)\s*\d)(?:\s+|$)")
_TO_FIRST_MARK = re.compile(r"[^。！？；!?;\n，、,：:.]*")
_FROM_LAST_MARK = re.compile(r"[^。！？；!?;\n，、,：:.]*$")


@dataclass(frozen=True, slots=True)
class _Own:
    """A value that is a clause of its own, or several with pauses.

    `instead`: for each of them, or for none, what is said where it cannot be rendered.
    """

    texts: tuple[str, ...]
    glue: bool = False
    pause_before_ms: int = JOIN_PAUSE_MS
    instead: tuple[tuple[Clause, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Free:
    """Text of staff, composed by itself."""

    clauses: tuple[Clause, ...]


_Part = str | _Own | _Free


def compose(
    catalogue: Catalogue,
    prompt_id: str,
    language: str,
    values: Mapping[str, Value],
    variant: str = "",
) -> list[Clause]:
    """The clauses of a prompt with its slots filled, in `language`.

    Where `variant` of that language has a recording, it is that; else what the language has.

    Where the prompt has no text in that language, another one's is said: better than
    silence. PromptError names the prompt, the language and the slot at fault.
    """
    prompt = catalogue.prompt(prompt_id)
    recording = prompt.variants.get((language, variant)) or prompt.recordings.get(language)
    if language not in prompt.texts and recording is None:
        language = next(name for name in catalogue.languages if name in prompt.texts)
    if recording is not None and not prompt.slots:
        text = prompt.texts.get(language, prompt_id)
        return [Clause(text, language, SENTENCE_PAUSE_MS, recording)]
    if not prompt.slots:
        return list(compose_text(prompt.texts[language], language, catalogue.manner))
    return _cut(_fill(catalogue, prompt, language, values), language, catalogue.manner)


@lru_cache(maxsize=1024)
def compose_text(text: str, language: str, manner: Manner = USUAL) -> tuple[Clause, ...]:
    """Clauses of plain text; a clause in another script is given to that language's voice."""
    return tuple(_cut([text], language, manner))


def _fill(
    catalogue: Catalogue, prompt: Prompt, language: str, values: Mapping[str, Value]
) -> list[_Part]:
    parts: list[_Part] = []
    for piece in prompt.pieces[language]:
        if not isinstance(piece, Slot):
            part: _Part = piece
        else:
            where = {"prompt": prompt.id, "language": language, "slot": piece.name}
            if piece.name not in values:
                raise PromptError(
                    "prompt %(prompt)r in %(language)s, slot %(slot)r: no value given", **where
                )
            try:
                part = _spoken(
                    catalogue, language, piece.type, values[piece.name], again=prompt.again
                )
            except PromptError as error:
                raise PromptError(
                    "prompt %(prompt)r in %(language)s, slot %(slot)r: %(reason)s",
                    reason=error.message,
                    **where,
                ) from None
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def _spoken(
    catalogue: Catalogue, language: str, kind: SlotType, value: Value, *, again: bool
) -> _Part:
    check_value(kind, value)
    if kind is SlotType.PHRASE:
        return _phrase(catalogue, language, str(value))
    if kind is SlotType.TEXT:
        return _Free(compose_text(str(value).strip(), language, catalogue.manner))
    say = _say(language, kind, catalogue.manner)
    if kind in (SlotType.DIGITS, SlotType.PHONE):
        text = str(value)
        groups = phone_groups(text) if kind is SlotType.PHONE else digit_groups(text, again=again)
        texts = tuple(map(say, groups))
        breaths = [[group] for group in groups]
        if again and kind is SlotType.DIGITS:
            # In one breath: groups of three by themselves were heard as years (202: 2002).
            texts = (_LIST_COMMA.get(language, ", ").join(texts),)
            breaths = [digit_groups(text)]
        instead = tuple(digit_by_digit(breath, language, catalogue.manner) for breath in breaths)
        return _Own(texts, pause_before_ms=LABEL_PAUSE_MS, instead=instead)
    spoken = say(value)
    if kind in _INLINE:
        return spoken
    return _Own((spoken,), glue=kind is not SlotType.LETTERS)


def _phrase(catalogue: Catalogue, language: str, name: str) -> str:
    texts = catalogue.prompt(PHRASE + name).texts
    found = texts.get(language) or next(iter(texts.values()))
    return found.strip(_MARKS)


def _cut(parts: list[_Part], language: str, manner: Manner) -> list[Clause]:
    clauses: list[Clause] = []
    parts = _glued(parts, language, manner)
    for part in parts:
        if isinstance(part, _Own):
            if clauses and clauses[-1].pause_after_ms < part.pause_before_ms:
                clauses[-1] = replace(clauses[-1], pause_after_ms=part.pause_before_ms)
            pauses = [GROUP_PAUSE_MS] * (len(part.texts) - 1) + [JOIN_PAUSE_MS]
            instead = part.instead or ((),) * len(part.texts)
            clauses += [
                Clause(text, language, pause, instead=other)
                for text, pause, other in zip(part.texts, pauses, instead, strict=True)
                if text
            ]
        elif isinstance(part, _Free):
            clauses += part.clauses
        else:
            lead = part[: len(part) - len(part.lstrip(_MARKS))]
            if clauses and lead.strip():
                clauses[-1] = replace(clauses[-1], pause_after_ms=_pause(lead))
            clauses += _sentences(part[len(lead) :], language, manner)
    # A dash or an emoji alone is nothing to say.
    clauses = [
        replace(clause, words=manner.words.said_in(clause.text, clause.language))
        for clause in clauses
        if any(map(str.isalnum, clause.text))
    ]
    if clauses:
        clauses[-1] = replace(clauses[-1], pause_after_ms=SENTENCE_PAUSE_MS)
    return clauses


def _glued(parts: list[_Part], language: str, manner: Manner) -> list[_Part]:
    """Give a value the few words around it that belong to it."""
    glued = list(parts)
    for at, part in enumerate(parts):
        if not isinstance(part, _Own) or not part.glue:
            continue
        (text,) = part.texts
        if at and isinstance(before := glued[at - 1], str):
            tail = _belonging(_FROM_LAST_MARK.search(before), language, _BEFORE)
            glued[at - 1] = before[: len(before) - len(tail)]
            text = tail + text
        if at + 1 < len(glued) and isinstance(after := glued[at + 1], str):
            head = _belonging(_TO_FIRST_MARK.match(after), language, _AFTER)
            glued[at + 1] = after[len(head) :]
            text += head
        text = manner.words.respelled(text, language)
        glued[at] = _Own((_written(text, language, manner),), glue=True)
    return glued


# How much text may join a value: characters of Chinese, words of English.
_BEFORE = {"zh-CN": 4, "en": 3}
_AFTER = {"zh-CN": 4, "en": 2}


def _belonging(found: re.Match[str] | None, language: str, limits: Mapping[str, int]) -> str:
    text = found.group() if found else ""
    size = len(text.split()) if language == "en" else len(text)
    return text if size <= limits.get(language, 0) else ""


def _sentences(text: str, language: str, manner: Manner) -> Iterator[Clause]:
    at = 0
    for end in [*_SENTENCES.finditer(text), None]:
        sentence = text[at : end.end()] if end else text[at:]
        at = end.end() if end else len(text)
        spoken = sentence.strip(_MARKS)
        if spoken:
            tail = sentence[sentence.rindex(spoken[-1]) + 1 :]
            pieces = list(_of_a_breath(spoken, language))
            for piece in pieces[:-1]:
                yield from _by_script(piece, language, COMMA_PAUSE_MS, manner)
            yield from _by_script(pieces[-1] + _tone(tail), language, _pause(tail), manner)


def _of_a_breath(sentence: str, language: str) -> Iterator[str]:
    """A long sentence in parts, cut at its commas.

    The caller hears the first part while the next is rendered, and the voice process
    needs memory for a part only.
    """
    longest = _LONGEST.get(language, _LONGEST["en"])
    part = ""
    for clause in _COMMAS.split(sentence):
        for piece in _without_commas(clause, language):
            if part and len(part) + len(piece) > longest:
                yield part
                part = ""
            part += piece
    yield part


def _without_commas(text: str, language: str) -> Iterator[str]:
    """What nobody could say in one breath, cut between words into parts of about one length."""
    between = _BETWEEN.get(language, _BETWEEN["en"])
    number = math.ceil(len(text) / _UNBEARABLE.get(language, _UNBEARABLE["en"]))
    at = 0
    for part in range(1, number):
        target = len(text) * part // number
        places = [found.end() for found in between.finditer(text) if found.end() > at]
        if not places:
            break
        end = min(places, key=lambda place: abs(place - target))
        yield text[at:end]
        at = end
    yield text[at:]


# Where there is no comma: between Chinese characters that are no figures, between English words.
_BETWEEN = {
    "zh-CN": re.compile(
        r"(?<=[\u3400-\u9fff])(?<![零〇一二三四五六七八九十百千万亿两点第])"
        r"(?=[\u3400-\u9fff])(?![零〇一二三四五六七八九十百千万亿两点])"
    ),
    "en": re.compile(r"(?<=[a-z])\s+(?=[A-Za-z])"),
}
_UNBEARABLE = {"zh-CN": 70, "en": 250}
# Characters of a clause, about 12 s of speech; cut after commas that part no figures.
_LONGEST = {"zh-CN": 50, "en": 180}
_COMMAS = re.compile(r"(?<=[，、：])(?=\S)|(?<=[:,])(?=\s)")


def _tone(tail: str) -> str:
    """The mark the voice needs for its melody at the end of a sentence."""
    found = tail.strip()[:1]
    return found if found in ".?!。？！" else ""


def _by_script(text: str, language: str, pause_ms: int, manner: Manner) -> Iterator[Clause]:
    """Hand Chinese in English text, and English words in Chinese text, to the right voice.

    Chinese text with letters in it is Chinese; English is what has a word of English.
    """
    if language != "en" or (_HAN.search(text) and not reading_zh.ENGLISH_WORDS.search(text)):
        # Respelled first: what was an English word may be Chinese then (WiFi: 歪费).
        text = manner.words.respelled(text, "zh-CN")
        strangers, own, other = reading_zh.ENGLISH_WORDS, "zh-CN", "en"
    else:
        strangers, own, other = _CHINESE, "en", "zh-CN"
    at = 0
    for cut in strangers.finditer(text):
        yield from _piece(text[at : cut.start()], own, JOIN_PAUSE_MS, manner)
        at = cut.end()
        last = not any(map(str.isalnum, text[at:]))
        yield from _piece(cut.group(), other, pause_ms if last else JOIN_PAUSE_MS, manner)
    yield from _piece(text[at:], own, pause_ms, manner)


# Chinese in English text, with the figures and marks inside it.
_CHINESE = re.compile(
    r"[\u3400-\u9fff](?:[\u3400-\u9fff0-9A-Z，、·—-]*[\u3400-\u9fff0-9])?", re.ASCII
)


def _piece(text: str, language: str, pause_ms: int, manner: Manner) -> Iterator[Clause]:
    text = text.lstrip(_MARKS).rstrip(_COMMA + ", \t")
    if language == "en":
        text = manner.words.respelled(text, language)
    if text.strip(_MARKS):
        yield Clause(_written(text, language, manner), language, pause_ms)


def _written(text: str, language: str, manner: Manner) -> str:
    text = " ".join(text.split())
    if language == "zh-CN":
        return reading_zh.speakable(text, yao=manner.yao)
    return reading_en.speakable(text) if language == "en" else text


def _say(language: str, kind: SlotType, manner: Manner) -> _Say:
    if not manner.yao and (language, kind) in _WITHOUT_YAO:
        return _WITHOUT_YAO[language, kind]
    return _SAY[language, kind]


def _pause(marks: str) -> int:
    if any(mark in _SENTENCE_END or mark == "." for mark in marks):
        return SENTENCE_PAUSE_MS
    return COMMA_PAUSE_MS if any(mark in _COMMA for mark in marks) else JOIN_PAUSE_MS


_INLINE = frozenset(
    {
        SlotType.COUNT,
        SlotType.NUMBER,
        SlotType.ORDINAL,
        SlotType.PHRASE,
        SlotType.PERCENT,
        SlotType.WEEKDAY,
    }
)


def _as_date(say: Callable[[date], str]) -> Callable[[Any], str]:
    return lambda value: say(value.date() if isinstance(value, datetime) else value)


_LIST_COMMA = {"zh-CN": "，"}
_WITHOUT_YAO: dict[tuple[str, SlotType], Callable[[Any], str]] = {
    ("zh-CN", SlotType.DIGITS): partial(numerals_zh.digits, yao=False),
    ("zh-CN", SlotType.PHONE): partial(numerals_zh.digits, yao=False),
    ("zh-CN", SlotType.LETTERS): partial(numerals_zh.letters, yao=False),
}

_Say = Callable[[Any], str]
_SAY: dict[tuple[str, SlotType], _Say] = {
    ("zh-CN", SlotType.MONEY): numerals_zh.money,
    ("zh-CN", SlotType.DATE): _as_date(numerals_zh.day),
    ("zh-CN", SlotType.TIME): numerals_zh.clock,
    ("zh-CN", SlotType.DATETIME): numerals_zh.moment,
    ("zh-CN", SlotType.WEEKDAY): numerals_zh.weekday,
    ("zh-CN", SlotType.DURATION): numerals_zh.duration,
    ("zh-CN", SlotType.PERCENT): numerals_zh.percent,
    ("zh-CN", SlotType.DIGITS): numerals_zh.digits,
    ("zh-CN", SlotType.PHONE): numerals_zh.digits,
    ("zh-CN", SlotType.COUNT): numerals_zh.count,
    ("zh-CN", SlotType.NUMBER): numerals_zh.decimal,
    ("zh-CN", SlotType.ORDINAL): numerals_zh.ordinal,
    ("zh-CN", SlotType.LETTERS): numerals_zh.letters,
    ("en", SlotType.MONEY): numerals_en.money,
    ("en", SlotType.DATE): _as_date(numerals_en.day),
    ("en", SlotType.TIME): numerals_en.clock,
    ("en", SlotType.DATETIME): numerals_en.moment,
    ("en", SlotType.WEEKDAY): numerals_en.weekday,
    ("en", SlotType.DURATION): numerals_en.duration,
    ("en", SlotType.PERCENT): numerals_en.percent,
    ("en", SlotType.DIGITS): numerals_en.digits,
    ("en", SlotType.PHONE): numerals_en.digits,
    ("en", SlotType.COUNT): numerals_en.count,
    ("en", SlotType.NUMBER): numerals_en.decimal,
    ("en", SlotType.ORDINAL): numerals_en.ordinal,
    ("en", SlotType.LETTERS): numerals_en.letters,
}
