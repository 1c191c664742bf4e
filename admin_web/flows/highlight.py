"""A flow's text with its keys, comments and values told apart, and its lines numbered."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_LINE = re.compile(
    r"""^(?P<indent>[ ]*(?:-[ ]+)*)
        (?:(?P<key>"[^"]*"|'[^']*'|[^\s:\#"'{}\[\],][^:\#{}\[\],]*?)(?P<colon>:)(?=\s|$))?
        (?P<value>.*)$""",
    re.VERBOSE,
)
_PART = re.compile(
    r"""(?P<c>(?:^|(?<=\s))\#.*$)
      | (?P<s>"(?:[^"\\]|\\.)*"|'[^']*')
      | (?P<n>(?<![\w.])\d+(?:\.\d+)?(?:ms|s|m)?(?![\w.]))""",
    re.VERBOSE,
)


def yaml(text: str) -> Markup:
    """Return ``text`` as HTML."""
    numbered = (
        Markup('<span class="l" id="L{}">{}</span>{}').format(number, number, _line(line))
        for number, line in enumerate(text.splitlines(), 1)
    )
    return Markup("\n").join(numbered)


def _line(line: str) -> Markup:
    match = _LINE.match(line)
    if match is None or line.lstrip().startswith("#"):
        return _span("c", line) if line.lstrip().startswith("#") else escape(line)
    key = _span("k", match["key"]) + match["colon"] if match["key"] else Markup("")
    return escape(match["indent"]) + key + _value(match["value"])


def _value(text: str) -> Markup:
    html, at = Markup(""), 0
    for part in _PART.finditer(text):
        html += escape(text[at : part.start()]) + _span(part.lastgroup or "", part.group())
        at = part.end()
    return html + escape(text[at:])


def _span(name: str, text: str) -> Markup:
    return Markup('<span class="{}">{}</span>').format(name, text)
