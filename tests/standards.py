"""The rules of the standards and the tests that show them kept, read from the tests themselves.

A test says which rules it shows by `@pytest.mark.rfc("3261 §9.2", ...)`; its name says what the
line does. `python -m tests.standards` writes the matrix of both, docs/standards.md, and
tests/test_standards.py fails where that file is not what the tests say.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MATRIX = ROOT / "docs" / "standards.md"
_RULE = re.compile(r"([0-9]{4}) §([0-9A-Z]+(?:\.[0-9]+)*)")

TITLES = {
    "2617": "HTTP digest authentication (obsolete; still asked for)",
    "2976": "INFO",
    "3261": "SIP",
    "3262": "Reliable provisional responses",
    "3263": "Locating SIP servers",
    "3264": "Offer and answer",
    "3311": "UPDATE",
    "3323": "Privacy",
    "3325": "Asserted identity within trusted networks",
    "3326": "The Reason header field",
    "3389": "Comfort noise",
    "3515": "REFER",
    "3550": "RTP and RTCP",
    "3551": "The audio profile of RTP",
    "3556": "Bandwidth for RTCP",
    "3581": "Symmetric response routing (rport)",
    "3605": "The RTCP attribute of SDP",
    "3711": "SRTP",
    "3892": "Referred-By",
    "3959": "The early-session disposition",
    "3966": "The tel URI",
    "4028": "Session timers",
    "4091": "Alternative network address types (ANAT)",
    "4475": "Torture tests of SIP",
    "4568": "Keys for SRTP in SDP",
    "4585": "The RTP profile with feedback",
    "4733": "Telephone events",
    "4961": "Symmetric RTP",
    "5118": "Torture tests of SIP with IPv6",
    "5407": "Race conditions of SIP",
    "5621": "Bodies of SIP messages",
    "5626": "Connections started by clients: keep-alive, retries",
    "6026": "Corrections to INVITE transactions",
    "6086": "INFO packages",
    "6157": "IPv6 transition in SIP",
    "6263": "Keeping the path of RTP open",
    "6337": "How SIP uses offer and answer",
    "6665": "Event notification",
    "7616": "HTTP digest authentication with SHA-256",
    "8760": "SIP digest authentication with SHA-256",
    "8866": "SDP",
}
"""Every standard a test names, and what it is about."""


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """One rule, and a test that shows it."""

    standard: str
    section: tuple[tuple[int, str], ...]
    test: str
    file: str

    @property
    def rule(self) -> str:
        """The section as it is written."""
        return ".".join(text for _, text in self.section)


@cache
def shown() -> list[Shown]:
    """Every rule with each of its tests, in order; ValueError for a rule that is none."""
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for name, rule in _marks(ast.parse(text)) if "mark.rfc(" in text else ():
            match = _RULE.fullmatch(rule)
            if match is None or match[1] not in TITLES:
                raise ValueError(f"{path}::{name}: {rule!r} is no rule, or its RFC has no title")
            section = tuple(_key(part) for part in match[2].split("."))
            file = path.relative_to(ROOT).as_posix()
            found.append(Shown(match[1], section, name, file))
    return sorted(found)


def _key(part: str) -> tuple[int, str]:
    """Sections in the order of the document: numbers first, appendices behind."""
    return (int(part), part) if part.isdigit() else (1000, part)


def _marks(module: ast.Module) -> Iterator[tuple[str, str]]:
    for function in module.body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in function.decorator_list:
                if (
                    isinstance(decorator, ast.Call)
                    and ast.unparse(decorator.func) == "pytest.mark.rfc"
                ):
                    for argument in decorator.args:
                        yield function.name, str(ast.literal_eval(argument))


def matrix() -> str:
    """The whole of docs/standards.md."""
    by_standard: defaultdict[str, defaultdict[str, list[Shown]]] = defaultdict(
        lambda: defaultdict(list)
    )
    everything = shown()
    for one in everything:
        by_standard[one.standard][one.rule].append(one)
    tests = {(one.file, one.test) for one in everything}
    rules = sum(len(sections) for sections in by_standard.values())
    lines = [
        _HEAD.strip().format(rules=rules, standards=len(by_standard), tests=len(tests)),
        "",
    ]
    for standard, sections in by_standard.items():
        lines += [
            f"## RFC {standard}: {TITLES[standard]}",
            "",
            "| section | what the line does | test |",
            "|---|---|---|",
        ]
        for rule, kept in sections.items():
            for one in kept:
                words = one.test.removeprefix("test_").replace("_", " ")
                place = one.file.removeprefix("tests/")
                link = f"[{place}](../{one.file})"
                lines.append(f"| §{rule} | {words} | {link} |")
        lines.append("")
    return "\n".join(lines)


_HEAD = """
# Standards: which rule, and which test shows that it is kept

<!-- Written by `python -m tests.standards` from the tests; a test compares. -->

{rules} rules of {standards} standards, shown by {tests} tests. A row is a test that fails where
the rule is broken: `python -m pytest PLACE -k NAME` runs one (the name with `_` for blanks). A
new test says its rules by `@pytest.mark.rfc("3261 §9.2")`; then `python -m tests.standards`
writes this page anew.

Where the standards leave a choice, or we take less than they allow, on purpose:

- **Via `maddr`** (RFC 3261 §18.2.2) is not followed: it would let a stranger aim our answers.
- **A stranger by UDP** gets neither 100 nor 180 (§17.2.1 asks for 100 only after 200 ms):
  docs/security.md.
- **A body part without `handling`** counts as optional, where `required` SHOULD be assumed
  (§20.11).
- **Methods**: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK and NOTIFY (of our own
  REFER); the other known ones get 405, unknown ones 501. The line is no registrar, proxy or
  presence server.
- **Redirections** (3xx) of calls we place count as refusals: whoever configures the operator's
  number dials it.
- **100rel** is used where a caller requires it, not asked for in calls we place.
- **Requests over 1300 bytes** go by TCP (§18.1.1), and by UDP under the same branch where no
  connection is to be had within 5 s; that neighbour is not asked for one again for ten minutes.
  In the call of a stranger, or of who sits behind a NAT, and for the ACK of a 2xx it stays UDP:
  headers of theirs must not have us connect to others.
- **Transports and servers** (RFC 3263): a trunk's transport is in the settings, a person's in the
  URI; where it is not, NAPTR is asked, then SRV, then A and AAAA. The next server is tried on 503,
  a broken path, or no answer within timer B (32 s), which a person's `IVR_OPERATOR_TIMEOUT` mostly
  cuts short.
- **Sound over the other IP version** than signalling (RFC 6157): answered there where the offer
  leaves no choice, the line is bound to all addresses (`IVR_SIP_HOST`) and the system has a way to
  it; else 488 with `Warning: 301`. A call that is up does not change families (488, it goes on);
  ANAT (RFC 4091) is answered by the first line of the family of signalling, without the group.
- **rtcp-mux, ICE, BUNDLE, DTLS-SRTP**: declined by not being answered, as RFC 3264 has it.

Through other people's software (`tests/line/test_interoperation.py`,
`tests/line/test_three_jobs.py`): PJSIP, baresip, linphone and SIPp, directly and through Kamailio
with rtpengine; pyVoIP directly.
"""


if __name__ == "__main__":
    MATRIX.write_text(matrix(), encoding="utf-8")
