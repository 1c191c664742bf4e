"""Finding the session description in a multipart body (RFC 2046 §5.1, RFC 5621 §3).

Trunks send one beside ISUP or a location. Only this is read: the first part that is a session
description, not encoded. Parts inside parts are not looked into.
"""

from __future__ import annotations

import re

_boundary = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_parts_max = 16


def is_multipart(media_type: str | None) -> bool:
    """Whether a body of that type has parts of which one may do."""
    return media_type in ("multipart/mixed", "multipart/alternative", "multipart/related")


def part(body: bytes, content_type: str, wanted: str) -> bytes | None:
    """The first part of type `wanted`; `content_type` is the whole header value."""
    found = _boundary.search(content_type)
    if found is None:
        return None
    mark = b"\r\n--" + (found[1] or found[2]).encode("utf-8", "surrogateescape")
    # The first delimiter may be the first line: then no line end goes before it (§5.1.1).
    pieces = (b"\r\n" + body).split(mark, _parts_max)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return None
        _, line_end, content = piece.partition(b"\r\n")
        head, blank, inner = (b"\r\n" + content).partition(b"\r\n\r\n")
        if line_end and blank and _is(head, wanted):
            return inner
    return None


def _is(head: bytes, wanted: str) -> bool:
    lines = head.decode("utf-8", "replace").split("\r\n")
    fields = {
        name.strip().lower(): value.strip().lower()
        for name, colon, value in (line.partition(":") for line in lines)
        if colon
    }
    media_type = fields.get("content-type", "text/plain").partition(";")[0].strip()
    encoding = fields.get("content-transfer-encoding", "binary")
    return media_type == wanted and encoding in ("binary", "8bit", "7bit")
