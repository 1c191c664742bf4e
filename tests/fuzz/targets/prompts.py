"""What is said: prompt files, texts with slots, free texts of notices, and pronunciations."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from prompts.catalogue import Catalogue
from prompts.compose import compose, compose_text
from prompts.errors import PromptError
from prompts.lexicon import checked
from prompts.lexicon.pronunciations import Pronunciations
from prompts.manner import Manner
from prompts.slots import SlotType, parse_text, parse_value, slots_of
from tests.fuzz.target import Target

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-prompts-")
_TYPES = [kind.value for kind in SlotType]
_SAYABLE: dict[SlotType, Any] = {
    SlotType.MONEY: Decimal("128.50"),
    SlotType.DATE: date(2026, 11, 22),
    SlotType.TIME: time(18, 5),
    SlotType.DATETIME: datetime(2026, 11, 22, 18, 5),  # noqa: DTZ001 - spoken as it stands
    SlotType.WEEKDAY: date(2026, 11, 22),
    SlotType.DURATION: "2h30m",
    SlotType.DIGITS: "880123",
    SlotType.PHONE: "13800138000",
    SlotType.COUNT: 2,
    SlotType.NUMBER: 1205,
    SlotType.PERCENT: Decimal("12.5"),
    SlotType.ORDINAL: 3,
    SlotType.LETTERS: "ab",
    SlotType.TEXT: "3月5日 8:00-12:00 停水 WiFi",
    SlotType.PHRASE: "paid",
}
WORDS = tuple(
    word.encode()
    for word in (
        *(f"{{x:{kind}}}" for kind in _TYPES),
        *("{", "}", "{{", "}}", "{:", ":money}", "text: ", "note: ", "phrases: ", "again: true"),
        *("phrase.paid: ", "<<: *a", "&a ", "!!binary ", "? [a]", "zh-CN", "en", "\x1e"),
        *(
            "2026年3月5日",
            "18:30",
            "24小时",
            "按1",
            "128.50元",
            "-5℃",
            "50%",
            "第3",
            "1/2",
            "12345",
        ),
        *("13800138000", "No. 3", "$5.00", "e.g.", "http://a.b/c?d", "，", "。", "！", "《", "・"),
        *("chong2 qing4", "lü4", "chóng", "ｗｉｆｉ", "٣", "²", "Ⅷ", "½", "万", "亿", "〇", "个"),
    )
)
_FILE = """greeting: 您好，欢迎致电民声热线。
bill: {text: "您应缴{amount:money}，请于{due:date}前缴纳。", note: x}
kind: {text: "{what:phrase}", phrases: {what: [paid]}, again: true}
phrase.paid: 已缴
"""


def file(data: bytes) -> None:
    """Both files of a catalogue, cut at 0x1E."""
    chinese, _, english = data.partition(b"\x1e")
    folder = Path(_FOLDER.name)
    (folder / "zh-CN.yaml").write_bytes(chinese)
    (folder / "en.yaml").write_bytes(english or chinese)
    catalogue = Catalogue.load_folder(folder)
    for problem in catalogue.problems():
        assert str(problem)
    for prompt in list(catalogue)[:3]:
        _say(catalogue, prompt.id)


def _say(catalogue: Catalogue, prompt_id: str) -> None:
    prompt = catalogue.prompt(prompt_id)
    values = {name: _SAYABLE[kind] for name, kind in prompt.slots.items() if kind in _SAYABLE}
    for language in prompt.texts:
        try:
            compose(catalogue, prompt_id, language, values)
        except PromptError:
            continue


def text(data: bytes) -> None:
    """A text of staff, as a prompt, as a notice, and as the value of every kind of slot."""
    written = data.decode("utf-8", "surrogateescape")
    for language in ("zh-CN", "en"):
        # A notice comes out of the database, which keeps whole characters only.
        notice = written[:400].encode("utf-8", "replace").decode()
        for clause in compose_text(notice, language):
            assert clause.text or clause.recorded or clause.pause_after_ms
            assert len(clause.key("voice")) > 8
    for kind in SlotType:
        try:
            parse_value(kind, written[:100])
        except PromptError:
            continue
    slots_of(parse_text(written))
    catalogue = Catalogue.load_folder(Path("prompts/text")) if not _KNOWN else _KNOWN[0]
    _KNOWN[:] = [catalogue]
    changed = catalogue.with_overrides(
        {("greeting", "zh-CN"): written, ("greeting", "en"): written}
    )
    _say(changed, "greeting")


_KNOWN: list[Catalogue] = []


def pronunciation(data: bytes) -> None:
    """Words of staff and how they are said, a pair in each line."""
    rows = []
    refused: PromptError | None = None
    for line in data.decode("utf-8", "replace").splitlines()[:20]:
        word, _, said = line.partition("=")
        language = "en" if line.startswith(" ") else "zh-CN"
        try:
            one = checked(language, word, said)
        except PromptError as error:
            refused = error
            continue
        again = checked(one.language, one.word, one.said)
        assert again == one, "what was checked is refused, or read otherwise"
        rows.append((one.language, one.word, one.said))
    words = Pronunciations.of(rows)
    for language, word, _ in rows:
        words.respelled(f"在{word}的 {word} .", language)
        words.said_in(f"在{word}的{word}", language)
        compose_text(f"请到{word}，{word}。", language, Manner(words=words))
    if refused is not None and not rows:
        raise refused


def _files() -> Iterable[bytes]:
    yield _FILE.encode()
    yield _FILE.encode() + b"\x1e" + b'bill: "You owe {amount:money}."\nx: &a {text: hi}\ny: *a\n'
    yield b"a: &a {text: x, note: y}\nb: {<<: *a, text: z}\n"
    yield b"".join(b"k%d: &k%d [*k%d,*k%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30))


def _texts() -> Iterable[bytes]:
    yield "您应缴{amount:money}，请于{due:date}前缴纳，共有{n:count}条。".encode()
    yield "11月22日8:00-18:30，长乐路12号至36号停水，约2小时，电话010-12345678。".encode()
    yield b"You owe {amount:money}; call 12345, 24 hours, by Nov. 22nd (e.g. 6 p.m.) - 50%!"
    yield "，，。。！？《》「」…".encode()


TARGETS = (
    Target(
        *("prompt_yaml", file, (PromptError,), _files, WORDS, 2000),
        # ruamel's scanner is quadratic in open brackets; these files come with the line only.
        slow_ms_per_kb=400,
        tried_in_tests=60,
        close=_FOLDER.cleanup,
    ),
    Target("prompt_text", text, (PromptError,), _texts, WORDS, 1500, tried_in_tests=60),
    Target(
        *("pronunciation", pronunciation, (PromptError,)),
        lambda: (
            "重庆=chong2 qing4\nWiFi=歪费\n Chengnan=chung nahn".encode(),
            "长乐=cháng lè".encode(),
        ),
        WORDS,
        400,
    ),
)
