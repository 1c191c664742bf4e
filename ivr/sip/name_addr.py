"""name-addr and addr-spec with parameters: From, To, Contact, Route and their kin (§20.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import QUOTED, UINT32_MAX, WSP, quote, unquote
from ivr.sip.params import NO_PARAMS, Params
from ivr.sip.uri import Uri

# A bare display name is tokens by the grammar; we also take UTF-8 and the punctuation
# that cannot be misread. A comma could be (RFC 4475 §3.1.2.15), so it is refused.
_BARE = r'[^"<>,;\\\x00-\x08\x0a-\x1f\x7f]*+'
_NAME_ADDR = re.compile(rf"{WSP}(?:({QUOTED}){WSP}|({_BARE}))<([^<>]*+)>", re.DOTALL)
# Without brackets, `;` begins the header's parameters, and `,` and `?` may not stand (§20).
_ADDR_SPEC = re.compile(r'[ \t]*+([^ \t;,?<>"]++)')
_BLANK = (" ", "\t")


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with an optional display name (unescaped) and the header's parameters."""

    uri: Uri
    display: str = ""
    params: Params = NO_PARAMS

    @classmethod
    def parse(cls, text: str, what: str = "address") -> NameAddr:
        """Read one address; SipParseError(400) names `what`."""
        display = ""
        match = _NAME_ADDR.match(text) if "<" in text else None
        if match is not None:
            quoted, bare, spec = match.groups()
            display = unquote(quoted) if quoted else bare.strip(" \t")
        else:
            match = _ADDR_SPEC.match(text)
            if match is None:
                raise SipParseError(400, f"{what} is malformed")
            spec = match[1]
        end = match.end()
        params = Params.parse(text[end:], what) if end < len(text) else NO_PARAMS
        return cls(Uri.parse(spec, f"{what} URI"), display, params)

    @property
    def tag(self) -> str | None:
        """The `tag` parameter."""
        return self.params.get("tag")

    @property
    def expires(self) -> int | None:
        """Contact's `expires` in seconds; None where absent or malformed (§20.10)."""
        value = self.params.get("expires")
        if not value or not (value.isascii() and value.isdigit()):
            return None
        return UINT32_MAX if len(value) > 10 else min(int(value), UINT32_MAX)

    def with_tag(self, tag: str) -> NameAddr:
        """This address with that tag."""
        return replace(self, params=self.params.having("tag", tag))

    def serialize(self) -> str:
        """The text, always with angle brackets."""
        name = f"{quote(self.display)} " if self.display else ""
        return f"{name}<{self.uri.serialize()}>{self.params.serialize()}"

    def __str__(self) -> str:
        return self.serialize()
