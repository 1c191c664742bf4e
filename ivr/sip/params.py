"""Parameters: the `;name=value` tail of header values and URIs (RFC 3261 §7.3.1, §25.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import QUOTED, TCHARS, TOKEN, WSP, unquote

# gen-value: token, host or quoted-string. Colon and brackets: hosts, and the bare
# IPv6 address of Via's `received`.
_PARAM = re.compile(
    rf"{WSP};{WSP}({TOKEN})(?:{WSP}={WSP}({QUOTED}|[{TCHARS}:\[\]]++))?{WSP}", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Params:
    """An ordered set of parameters; values as they came.

    Names are found in any case; ask for them in lower case. A parameter without a value
    has None in `pairs` and reads as "".
    """

    pairs: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str, what: str) -> Params:
        """Read `;a=b;c` up to the end of the text; SipParseError(400) names `what`."""
        if not text or text.isspace():
            return NO_PARAMS
        pairs: list[tuple[str, str | None]] = []
        position, end = 0, len(text)
        while position < end:
            match = _PARAM.match(text, position)
            if match is None:
                raise SipParseError(400, f"{what} has a malformed parameter")
            pairs.append((match[1], match[2]))
            position = match.end()
        refuse_duplicates(pairs, what)
        return cls(tuple(pairs))

    def get(self, name: str) -> str | None:
        """The value as it came, "" where there is none, None where the parameter is absent."""
        for key, value in self.pairs:
            if key == name or key.lower() == name:
                return value or ""
        return None

    def text(self, name: str) -> str | None:
        """The value without quotes."""
        value = self.get(name)
        return value if value is None else unquote(value)

    def having(self, name: str, value: str | None = None) -> Params:
        """These parameters with one set: in its place where it stands, else at the end."""
        if name not in self:
            return Params((*self.pairs, (name, value)))
        return Params(tuple((k, value) if k.lower() == name else (k, v) for k, v in self.pairs))

    def without(self, name: str) -> Params:
        """These parameters without one."""
        return Params(tuple(pair for pair in self.pairs if pair[0].lower() != name))

    def serialize(self) -> str:
        """The text, beginning with a semicolon, or empty."""
        return "".join(f";{k}" if v is None else f";{k}={v}" for k, v in self.pairs)

    def __contains__(self, name: str) -> bool:
        return any(key == name or key.lower() == name for key, _ in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)


NO_PARAMS = Params()


def refuse_duplicates(pairs: list[tuple[str, str | None]], what: str) -> None:
    """A parameter may stand once (§7.3.1); SipParseError(400) otherwise."""
    if len(pairs) > 1 and len({name.lower() for name, _ in pairs}) != len(pairs):
        raise SipParseError(400, f"{what} has a parameter twice")
