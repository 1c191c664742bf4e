"""Trunks: the line registers with a PBX, keeps at it, and says how it stands."""

from collections.abc import Iterator

import pytest

from tests.line.harness import free_port
from tests.line.phone import Phone
from tests.line.registrar import Registrar
from tests.line.responder import Responder, responder
from tests.line.wire import digest_is_right

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

TRUNK = """
[[trunks]]
name = "{name}"
registrar = "sip:127.0.0.1:{port}"
username = "{user}"
password = "{password}"
transport = "{transport}"
keepalive = {keepalive}
"""
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def registrars() -> Iterator[dict[str, Registrar]]:
    """Of three trunks; the fourth's is away."""
    found = {
        "md5": Registrar(algorithm="MD5", user="600", password=PASSWORD),
        "sha": Registrar(algorithm="SHA-256", user="601", password=PASSWORD),
        "wrong": Registrar(algorithm="MD5", user="602", password="another"),
    }
    yield found
    for registrar in found.values():
        registrar.stop()


@pytest.fixture(scope="module")
def away_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, rendered, rtp_low, registrars, away_port
) -> Iterator[Responder]:
    toml = "".join(
        TRUNK.format(
            name=name,
            port=registrar.port,
            user=registrar.user,
            password=PASSWORD,
            transport="udp",
            keepalive=1,
        )
        for name, registrar in registrars.items()
    ) + TRUNK.format(
        name="away", port=away_port, user="603", password=PASSWORD, transport="tcp", keepalive=30
    )
    folder = tmp_path_factory.mktemp("trunks")
    with responder(folder, rendered, rtp_low, toml=toml, IVR_OPERATOR="6001") as one:
        yield one


def state(served: Responder, name: str, wanted: str, limit_s: float = 15.0) -> dict[str, object]:
    return served.until_row(
        "SELECT * FROM trunks WHERE name = ? AND register_state = ?", name, wanted, limit_s=limit_s
    )


@pytest.mark.parametrize("name", ["md5", "sha"])
def test_a_trunk_registers_and_is_kept_alive(served, registrars, name):
    registrar = registrars[name]
    row = state(served, name, "registered")
    assert row["expires_at"] is not None
    assert (registrar.accepted, registrar.refused) == (1, 0)
    contact = registrar.requests[-1].get("Contact")
    assert f"sip:{registrar.user}@127.0.0.1:{served.sip_port}" in contact
    registrar.until(lambda: registrar.count("OPTIONS") >= 2, "keep-alives")


def test_a_wrong_password_is_told_and_tried_again(served, registrars):
    row = state(served, "wrong", "refused")
    assert row["detail"]
    assert row["expires_at"] is None
    registrar = registrars["wrong"]
    registrar.until(lambda: registrar.refused >= 2, "another try")
    assert registrar.accepted == 0
    # The password is right from now on: the line comes back by itself.
    registrar.password = PASSWORD
    registrar.until(lambda: registrar.accepted, "the try after that", 20.0)
    state(served, "wrong", "registered")


def test_a_registrar_that_is_away_is_found_when_it_comes_back(served, away_port):
    state(served, "away", "unreachable")
    registrar = Registrar(
        algorithm="MD5", user="603", password=PASSWORD, transport="tcp", port=away_port
    )
    try:
        registrar.until(lambda: registrar.accepted, "the next try", 20.0)
        state(served, "away", "registered")
    finally:
        registrar.stop()


def test_a_call_by_a_trunk_carries_its_name_and_its_credentials(served, registrars):
    state(served, "sha", "registered")
    with (
        Phone(served.sip_port, number="13500000001", called="601") as caller,
        Phone(served.sip_port, number="6001", behind=caller) as person,
    ):
        person.challenge = 'Digest realm="pbx.test", nonce="abc", qop="auth", algorithm=SHA-256'
        caller.call()
        caller.press("0")
        person.until_request("ACK", 15.0)
        person.until(lambda m: m.get("Proxy-Authorization"), "an INVITE that proves who we are")
        answered = person.invite.get("Proxy-Authorization")
        assert digest_is_right(answered, "INVITE", "601", PASSWORD)
        person.until(lambda m: m.method == "ACK" and "2 ACK" in m.cseq, "the ACK of the answer")
    call = served.until_row(
        "SELECT * FROM calls WHERE caller = '13500000001' AND ended_at IS NOT NULL"
    )
    assert call["trunk"] == "sha"
