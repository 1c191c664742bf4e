"""What of a recogniser's words may be believed.

Whisper was trained on subtitles and always has something to say: into silence, hum and
music it writes the farewells of film subtitles, and where it loses the thread it repeats
one phrase to the end. A voice activity detector goes before it; what still comes through
is judged here by the recogniser's own figures (the thresholds are those of its authors,
Radford et al. 2022, section 4.5, unless said otherwise) and by how fast a person can speak. What
is not believed is not left out silently: it becomes a mark, so that nobody takes half a
complaint for the whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0
HOPELESS_LOG_PROBABILITY = -1.6  # ours: below it nothing was right in the renderings tried
COMPRESSION = 2.4
# Fast speakers reach 7 to 8 characters (syllables) of Mandarin and 5 words of English a second.
MOST_CHARACTERS_S = 12.0
MOST_WORDS_S = 8.0
SHORTEST_S = 0.3
UNCLEAR = {"zh-CN": "〔听不清〕", "en": "[unclear]"}

# Subtitles that it saw a million times, written when nobody speaks. Matched within one segment.
_INVENTED = re.compile(
    r"不吝点赞|点赞.{0,3}订阅|订阅.{0,4}转发|打赏支持|明镜与点点|字幕由|字幕志愿|字幕组|字幕提供"
    r"|字幕[:：by ]|amara\.org|索兰娅|中文字幕|(谢谢|感谢)(大家)?(观看|收看|收听)|请(大家)?订阅"
    r"|优优独播剧场|市民来电|thanks? (you )?(so much )?for watching"
    r"|please subscribe|subscribe to (my|the|our) channel|subtitles by|captions by|transcribed by",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CHINESE_MARKS = {",": "，", "?": "？", "!": "！", ":": "：", ";": "；"}
_MARK_AFTER_HAN = re.compile(r"(?<=[\u3400-\u9fff])(?P<mark>[,?!:;])\s*")
_WORD = re.compile(r"[A-Za-z0-9']+")
# A phrase of two characters or more, four times and on; one character alone, eight times.
_LOOP = re.compile(
    r"(?P<phrase>.{2,40}?)(?:[\s,，。、!！?？]*(?P=phrase)){3,}[\s,，。、!！?？]*", re.DOTALL
)
_NO_NUMBER = re.compile(r"[^\W\d]")
_STUTTER = re.compile(r"(?P<one>[^\W\d])(?:[\s,，。、]*(?P=one)){7,}")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of sound and what the recogniser made of it.

    `log_probability` is the mean over its tokens, `no_speech` the probability that nobody
    speaks, `compression` how much smaller its text becomes by zlib.
    """

    text: str
    start_s: float
    end_s: float
    log_probability: float
    no_speech: float
    compression: float


@dataclass(frozen=True, slots=True)
class Believed:
    """The text, empty where nobody spoke; `confidence` from 0 to 1 over what was kept."""

    text: str
    confidence: float | None


def believe(segments: Sequence[Segment], language: str) -> Believed:
    """What may be shown of `segments`, with a mark where something was said and not understood."""
    mark = UNCLEAR.get(language, UNCLEAR["en"])
    pieces: list[str] = []
    weight = total = 0.0
    for segment in segments:
        text = segment.text.strip()
        if not _LETTER.search(text) or _nobody_spoke(segment) or _INVENTED.search(text):
            continue
        if _unbelievable(segment):
            pieces.append(mark)
            continue
        pieces.append(_without_loops(_with_chinese_marks(text), mark))
        seconds = max(segment.end_s - segment.start_s, SHORTEST_S)
        weight += seconds
        total += seconds * math.exp(min(segment.log_probability, 0.0))
    if not weight:
        # Marks alone say no more than that somebody made a sound.
        return Believed("", None)
    return Believed(_joined(pieces, mark), round(total / weight, 3))


def _nobody_spoke(segment: Segment) -> bool:
    return segment.no_speech > NO_SPEECH and segment.log_probability < LOG_PROBABILITY


def _unbelievable(segment: Segment) -> bool:
    return (
        segment.log_probability < HOPELESS_LOG_PROBABILITY
        # A loop compresses well; one that the recogniser is sure of is cut below instead.
        or (segment.compression > COMPRESSION and segment.log_probability < LOG_PROBABILITY)
        or _too_fast(segment)
    )


def _too_fast(segment: Segment) -> bool:
    seconds = max(segment.end_s - segment.start_s, SHORTEST_S)
    characters = len(_HAN.findall(segment.text))
    words = len(_WORD.findall(segment.text))
    return characters / MOST_CHARACTERS_S + words / MOST_WORDS_S > seconds


def _with_chinese_marks(text: str) -> str:
    """Commas and the like as Chinese writes them, where they stand after a Chinese character."""
    return _MARK_AFTER_HAN.sub(lambda found: _CHINESE_MARKS[found["mark"]], text)


def _without_loops(text: str, mark: str) -> str:
    """`text` with a phrase that goes round and round said once, and a mark in place of the rest."""

    def once(found: re.Match[str]) -> str:
        # Numbers repeat themselves: 000000.
        return found["phrase"] + mark if _NO_NUMBER.search(found["phrase"]) else found[0]

    return _LOOP.sub(once, _STUTTER.sub(lambda found: found["one"] * 3, text))


def _joined(pieces: Sequence[str], mark: str) -> str:
    """One text: blanks only between Latin words, one mark where several follow each other."""
    text = ""
    for piece in pieces:
        apart = bool(text) and not (_HAN.match(piece[0]) or piece[0] in "〔，。！？、")
        text += (" " if apart and not text.endswith("〕") else "") + piece
    twice = re.compile(rf"(?:{re.escape(mark)}\s*){{2,}}")
    return twice.sub(mark, text).strip()
