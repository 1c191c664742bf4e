"""Every text of the pages is there in Chinese, and the compiled catalogue is the kept one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from admin_web import messages
from tests.admin_web.builders import DeskUnderTest


def test_no_text_lacks_its_chinese() -> None:
    kept = messages.translations()
    wanted = [message.id for message in messages.collect() if message.id]
    assert len(wanted) > 300
    lost = [text for text in wanted if kept.get(text) is None]
    assert lost == [], "run `python -m admin_web.messages` and translate what it lists"
    assert messages.missing(kept) == []


def test_the_compiled_catalogue_says_the_same_as_the_kept_one() -> None:
    kept = messages.translations()
    with messages.MO.open("rb") as file:
        compiled = read_mo(file)
    for message in kept:
        if message.id:
            again = compiled.get(message.id)
            assert again is not None, message.id
            assert _texts(again.string) == _texts(message.string)


def test_a_translation_fills_in_the_same_values() -> None:
    for message in messages.translations():
        if not message.id:
            continue
        texts = _texts(message.id)
        for string in _texts(message.string):
            assert _slots(string) == _slots(texts[-1]), texts[0]


def test_every_text_that_takes_values_takes_them_in_both_languages() -> None:
    """A per cent sign that is not doubled would fail where the text is shown, and only there."""
    shown = 0
    for message in messages.translations():
        texts = _texts(message.id)
        values = {name: 1 for text in texts for name in _slots(text)}
        if not values:
            continue
        for text in [*texts, *_texts(message.string)]:
            assert text % values, text
            shown += 1
    assert shown > 500


def _texts(kept: object) -> list[str]:
    return list(kept) if isinstance(kept, tuple | list) else [str(kept)]


def _slots(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)[srd]", text))


def test_a_chinese_page_holds_no_english_sentence(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator")
    for path in (
        "/",
        "/calls/",
        "/complaints/",
        "/call-backs/",
        "/bills/",
        "/bills/import",
        "/outages/new",
        "/areas/",
        "/audit/",
        "/trunks/",
        "/people/",
        "/people/-/new",
        "/account",
        "/flows/",
        "/pronunciations/",
        "/pronunciations/?shown=line",
        "/pronunciations/word?language=zh-CN&word=民声",
    ):
        page = visitor.get(path).text
        body = page.split('<main id="content">')[1]
        body = re.sub(r'<pre.*?</pre>|lang="en".*?</span>', "", body, flags=re.DOTALL)
        text = re.sub(r"<[^>]+>", " ", body)
        assert not re.search(r"[A-Za-z]+(?: [a-z]+){3,}", text), f"{path}: {text}"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("page.html", "<p>{{ _('One') }}</p>\n{% if x %}\n{{ _('Two') }}\n{% endfor %}\n", 4),
        ("page.html", "{{ _('One') }}\n{{ _('Two' }}\n", 2),
        ("views.py", "told = _('One')\nif told\n    pass\n", 2),
    ],
)
def test_a_file_that_is_half_written_is_named_and_nothing_is_collected(
    tmp_path: Path, name: str, text: str, line: int
) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "whole.html").write_text("{{ _('x') }}")
    messages.refuse_unreadable(folder)
    (folder / name).write_text(text)
    with pytest.raises(messages.UnreadableError, match=rf"^pages/{name}, line {line}: "):
        messages.refuse_unreadable(folder)
