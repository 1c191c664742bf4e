"""The catalogue of the pages' texts: collected from code and templates, kept in one .po a language.

With them stand the reasons that the rooms below give (``admin_web.reasons``): the templates of
their messages and errors, by the names these are made with.

``python -m admin_web.messages`` brings ``translations/zh`` up to date after a text was added or
changed (new ones stand empty there, to be translated), and compiles it. The compiled file is
committed, so that running the line needs no build step; a test holds the three together.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, TemplateSyntaxError

FOLDER = Path(__file__).parent
PO = FOLDER / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
# call: which argument is the template. A test finds every error of these rooms in this table.
REASONS: dict[str, tuple[int]] = {
    "Message": (1,),
    "ServiceError": (1,),
    "NotFoundError": (1,),
    "RefusedError": (1,),
    "EmptySlotError": (1,),
    "LookupArgumentError": (1,),
    "CellError": (1,),
    "PromptError": (1,),
    "CatalogueError": (2,),
    "VoiceError": (1,),
    "AudioError": (1,),
    "EngineUnavailableError": (1,),
    "UnspeakableError": (1,),
    "ScenarioError": (1,),
    "EditError": (1,),
    "note": (2,),
    "_refuse": (3,),
}
ROOMS = ("ivr/services", "call_flows", "prompts")
METHODS = [("**.py", "python"), ("**.html", "jinja2")]


class UnreadableError(Exception):
    """A file that texts are collected from cannot be read; its Chinese would be dropped."""


def refuse_unreadable(folder: Path, *rooms: Path) -> None:
    """Raise UnreadableError, naming file and line, where a template or module is half written.

    Babel reads such a file as far as it can and says nothing.
    """
    for path, read in _read_by(folder, rooms):
        try:
            read(path.read_text(encoding="utf-8"))
        except (TemplateSyntaxError, SyntaxError) as error:
            text = f"{path.relative_to(folder.parent)}, line {error.lineno}: {error.args[0]}"
            raise UnreadableError(text) from error


def _read_by(folder: Path, rooms: tuple[Path, ...]) -> Iterator[tuple[Path, Callable[[str], Any]]]:
    for room in (folder, *rooms):
        for path in sorted(room.rglob("*.py")):
            yield path, ast.parse
    for path in sorted(folder.rglob("*.html")):
        yield path, _TEMPLATES.parse


# The extensions whose tags the templates use, as Babel's own reader has them.
_TEMPLATES = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


def collect() -> Catalog:
    """Return every text of the pages, in English, with where it stands; UnreadableError."""
    refuse_unreadable(FOLDER, *(FOLDER.parent / room for room in ROOMS))
    catalog = Catalog(project="Minsheng Line", charset="utf-8")
    found = extract_from_dir(str(FOLDER), METHODS, keywords=KEYWORDS)
    for path, line, message, comments, context in found:
        catalog.add(message, None, [(path, line)], auto_comments=comments, context=context)
    for room in ROOMS:
        folder = str(FOLDER.parent / room)
        for path, line, message, _, _ in extract_from_dir(
            folder, [("**.py", "python")], keywords=REASONS
        ):
            if message:
                catalog.add(message, None, [(f"{room}/{path}", line)])
    return catalog


def translations() -> Catalog:
    """Return the Chinese texts as they are kept."""
    if not PO.exists():
        return Catalog(locale="zh", charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale="zh")


def compiled(catalog: Catalog) -> bytes:
    """Return ``catalog`` as gettext's .mo."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update() -> list[str]:
    """Write both files anew; return the texts that still lack Chinese."""
    catalog = translations()
    catalog.project, catalog.version = "Minsheng Line", "1"
    catalog.header_comment, catalog.fuzzy = "# The texts of the desk in Chinese.", False
    catalog.update(collect(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    PO.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, catalog, width=100, sort_output=True, no_location=True, omit_header=False)
    _replace(PO, written.getvalue())
    _replace(MO, compiled(catalog))
    return missing(catalog)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole: who reads it meanwhile must not find half of the translations."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)


def missing(catalog: Catalog) -> list[str]:
    """Return the texts of ``catalog`` without a translation."""
    return [
        str(message.id)
        for message in catalog
        if message.id and (not message.string or message.fuzzy or not all(_strings(message.string)))
    ]


def _strings(string: object) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (str(string),)


if __name__ == "__main__":
    try:
        for text in update():
            print(f"no Chinese yet: {text}")
    except UnreadableError as error:
        sys.exit(f"Nothing was changed: {error}")
