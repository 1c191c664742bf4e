"""Finding the session description in a multipart body (RFC 2046 §5.1, RFC 5621).

Trunks send one beside ISUP or a location. What counts is the first part that is a session
description, is meant as the session's (Content-Disposition `session`, its default: an
`early-session` of RFC 3959 is not), and is not encoded. Multiparts inside are looked into.

A part that says `handling=required` and is not understood makes the whole message one that
cannot be dealt with (RFC 3261 §20.11). Where nothing is said of a part, `required` SHOULD be
assumed; we do not: trunks that leave it out of their billing data would not be served at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_boundary = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_handling = re.compile(r';\s*handling\s*=\s*"?(\w+)', re.IGNORECASE)
_kinds = ("multipart/mixed", "multipart/alternative", "multipart/related")
_plain_encodings = ("binary", "8bit", "7bit")
_parts_max = 16  # at each level
_depth_max = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One part as its head describes it; `encoded` where its content is not what it is."""

    content_type: str
    disposition: str
    handling: str
    encoded: bool
    content: bytes


def is_multipart(media_type: str | None) -> bool:
    """Whether a body of that type has parts of which one may do."""
    return media_type in _kinds


def part(body: bytes, content_type: str, wanted: str) -> bytes | None:
    """The first part of type `wanted`; `content_type` is the whole header value."""
    for one in _parts(body, content_type):
        if _is_of_the_session(one, wanted):
            return one.content
    return None


def must_be_understood(body: bytes, content_type: str, known: str) -> bool:
    """Whether a part that is not of type `known` says that it is required."""
    if content_type.strip().lower().startswith("multipart/alternative"):
        return False  # RFC 5621 §3.2: one of them is enough
    return any(
        one.handling == "required" and not _is_of_the_session(one, known)
        for one in _parts(body, content_type)
    )


def _is_of_the_session(one: Part, wanted: str) -> bool:
    media_type = one.content_type.partition(";")[0].strip().lower()
    return media_type == wanted and one.disposition in ("", "session") and not one.encoded


def _parts(body: bytes, content_type: str, depth: int = 1) -> Iterator[Part]:
    """The parts in order, those of multiparts inside in their place."""
    found = _boundary.search(content_type)
    if found is None:
        return
    mark = b"\r\n--" + (found[1] or found[2]).encode("utf-8", "surrogateescape")
    # The first delimiter may be the first line: then no line end goes before it (§5.1.1).
    pieces = (b"\r\n" + body).split(mark, _parts_max)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        _, line_end, content = piece.partition(b"\r\n")
        head, blank, inner = (b"\r\n" + content).partition(b"\r\n\r\n")
        if line_end and blank:
            one = _described(head, inner)
            if is_multipart(one.content_type.partition(";")[0].strip().lower()):
                if depth < _depth_max:
                    yield from _parts(one.content, one.content_type, depth + 1)
            else:
                yield one


def _described(head: bytes, content: bytes) -> Part:
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    disposition = fields.get("content-disposition", "")
    handling = _handling.search(disposition)
    encoding = fields.get("content-transfer-encoding", "binary").lower()
    return Part(
        fields.get("content-type", "text/plain"),
        disposition.partition(";")[0].strip().lower(),
        handling[1].lower() if handling else "",
        encoding not in _plain_encodings,
        content,
    )
