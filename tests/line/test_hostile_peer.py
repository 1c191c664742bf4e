"""Calls go on, word for word, while somebody sends the line whatever can be made of SIP and RTP."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.fuzz.hostile import Aim, Ends, HostilePeer
from tests.line.heard import Clip, in_order
from tests.line.jobs import Town
from tests.line.phone import Phone, wait_until
from tests.line.responder import Responder, options, rendered_town, responder

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

LANGUAGE = "zh-CN"
CALLS = 3
BURST = 40
# With limits, strangers are told apart from callers and banned; without, all is looked at.
TRUSTED = {"limited": "127.0.0.1/32,::1/128", "unlimited": "127.0.0.0/8,::1/128"}


@pytest.fixture(scope="module", params=list(TRUSTED))
def served(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    rendered,
    rtp_low,
) -> Iterator[Responder]:
    folder = tmp_path_factory.mktemp("hostile")
    with responder(
        folder,
        rendered,
        rtp_low,
        IVR_TRUSTED_NETWORKS=TRUSTED[request.param],
        IVR_MAX_CALLS="60",
    ) as one:
        yield one


@pytest.fixture(scope="module")
def town_here(served: Responder) -> Town:
    return rendered_town(served)


class Attack:
    """Bursts in a thread of its own, until the block ends."""

    def __init__(self, peer: HostilePeer) -> None:
        self.peer = peer
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            self.peer.burst(BURST)
            self._over.wait(0.02)

    def __enter__(self) -> HostilePeer:
        self._thread.start()
        return self.peer

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()
        self.peer.close()


def test_callers_hear_every_word_beside_a_hostile_peer(served: Responder, town_here: Town) -> None:
    with ExitStack() as stack:
        phones = [
            stack.enter_context(Phone(served.sip_port, number=f"1370000000{n}"))
            for n in range(CALLS)
        ]
        for phone in phones:
            phone.call()
        ends = [
            Ends(phone.sound.remote, (phone.host, phone.sound.port))  # type: ignore[arg-type]
            for phone in phones
        ]
        with Attack(HostilePeer(Aim(("127.0.0.1", served.sip_port), ends), seed=5)) as peer:
            for phone in phones:
                phone.press("11")
            hear(phones, town_here.clips("bill_ask_account", LANGUAGE, {}))
            for phone in phones:
                phone.press("880123#")
            bill = town_here.lookup("bills.find", LANGUAGE, account="880123")
            hear(phones, town_here.clips("bill_found", LANGUAGE, bill))
            hear(phones, town_here.clips("bill_menu", LANGUAGE, {}))
            wait_until(lambda: peer.sent.total() > 2000, "2000 pieces are sent", 40.0)
            assert not any(phone.ended for phone in phones)
    # Not only the beginnings: each clause of the answer, to its last quarter of a second.
    for phone in phones:
        in_order(phone.sound.samples(), town_here.clips("bill_found", LANGUAGE, bill))
    assert options(served.host, served.sip_port, 5.0) == 200
    log = served.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log, log[-3000:]
    for phone in phones:
        ended = served.until_row(
            "SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", phone.number
        )
        assert ended["ended_by"] == "caller"


def hear(phones: list[Phone], clips: list[Clip]) -> None:
    """Every phone hears the beginning of each clip; all listen at the same time."""
    with ThreadPoolExecutor(len(phones)) as pool:
        for one in [pool.submit(phone.sound.until_heard, clips, 30.0) for phone in phones]:
            one.result()
