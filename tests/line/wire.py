"""SIP as text, for peers that must also be able to say what no stack of ours or others would.

Nothing of `ivr.sip` is used: what the line sends is read here by other code.
"""

import re
from dataclasses import dataclass, field
from hashlib import md5, sha256

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response."""

    first: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request; "" for a response."""
        return "" if self.first.startswith("SIP/2.0 ") else self.first.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.first.split(" ", 2)[1]) if self.first.startswith("SIP/2.0 ") else 0

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name.lower()), "")

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name.lower()]

    @property
    def cseq(self) -> str:
        return self.get("CSeq")

    def tag(self, name: str) -> str:
        found = re.search(r";tag=([^;>\s]+)", self.get(name))
        return found[1] if found else ""


def read(data: bytes) -> Message:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    fields = []
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        fields.append((_COMPACT.get(key, key), value.strip()))
    return Message(first, fields, body)


def write(first: str, fields: list[tuple[str, str]], body: bytes = b"") -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in fields), f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def split_stream(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole messages of a TCP stream, and what is left (RFC 3261 §18.3)."""
    found = []
    while True:
        data = data.lstrip(b"\r\n")
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return found, data
        length = re.search(rb"\r\n(?:content-length|l)\s*:\s*(\d+)", data[:end], re.IGNORECASE)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(data) < whole:
            return found, data
        found.append(data[:whole])
        data = data[whole:]


def digest_is_right(header: str, method: str, user: str, password: str) -> bool:
    """Whether an Authorization answers its challenge (RFC 8760, RFC 2617 §3.2.2 with qop=auth)."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header.partition(" ")[2]))
    hashed = sha256 if given.get("algorithm") == "SHA-256" else md5

    def h(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    first = h(user, given["realm"], password)
    second = h(method, given["uri"])
    middle = [given["nonce"], given["nc"], given["cnonce"], given["qop"]] if "qop" in given else []
    middle = middle or [given["nonce"]]
    return given["username"] == user and given["response"] == h(first, *middle, second)


def digest(
    challenged: Message, user: str, password: str, method: str, *, uri: str = "sip:1@127.0.0.1"
) -> str:
    """An Authorization that answers the first challenge of a 401 (RFC 8760, qop=auth)."""
    header = challenged.get("WWW-Authenticate")
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header.partition(" ")[2]))
    hashed = sha256 if given.get("algorithm") == "SHA-256" else md5

    def h(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    bound = (given["nonce"], "00000001", "c0ffee", "auth")
    response = h(h(user, given["realm"], password), *bound, h(method, uri))
    return (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
        f'uri="{uri}", response="{response}", algorithm={given["algorithm"]}, '
        'qop=auth, nc=00000001, cnonce="c0ffee"'
    )


def sdp(
    host: str,
    port: int,
    *,
    codecs: tuple[int, ...] = (0,),
    events: bool = True,
    ptime: int = 20,
    direction: str = "sendrecv",
    version: int = 1,
) -> bytes:
    """A description of one audio stream; codec 0 is PCMU, 8 PCMA."""
    names = {0: "PCMU", 8: "PCMA"}
    family = "IP6" if ":" in host else "IP4"
    kinds = [*codecs, *([101] if events else [])]
    lines = ["v=0", f"o=- 77 {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0"]
    lines.append(f"m=audio {port} RTP/AVP {' '.join(map(str, kinds))}")
    lines += [f"a=rtpmap:{codec} {names[codec]}/8000" for codec in codecs]
    if events:
        lines += ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]
    lines += [f"a=ptime:{ptime}", f"a={direction}"]
    return ("\r\n".join(lines) + "\r\n").encode()


def remote_media(body: bytes) -> tuple[str, int]:
    text = body.decode()
    host = re.search(r"^c=IN IP[46] (\S+)", text, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
    assert host, text
    assert port, text
    return host[1], int(port[1])
