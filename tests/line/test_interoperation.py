"""Telephones that are not ours, through a proxy and a media relay that are not ours either.

PJSIP, baresip, linphone and SIPp call the line through Kamailio with rtpengine, all at once: each
hears the greeting, presses keys, hears what was asked for, and hangs up. A PJSIP call is also held
and taken back, and the line itself ends one, both through the proxy.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.line.callers.linphone import place_linphone
from tests.line.callers.placing import BARESIP_MODULES, place_baresip, place_pjsip, place_sipp
from tests.line.callers.timekeeping import Place, heard_by
from tests.line.front import HOST, MISSING, Front, fronted
from tests.line.heard import ENOUGH, find
from tests.line.phone import wait_until
from tests.line.pjsip import PjsipPhone
from tests.line.responder import Responder, rendered_town, responder

LANGUAGE = "zh-CN"
PLACE: dict[str, Place] = {
    "pjsip": place_pjsip,
    "baresip": place_baresip,
    "linphone": place_linphone,
    "sipp": place_sipp,
}
ABSENT = {
    "pjsip": importlib.util.find_spec("pjsua2") is None and "pip install -r requirements-dev.txt",
    "baresip": not BARESIP_MODULES.is_dir() and "apt install baresip-core",
    "linphone": shutil.which("linphonec") is None and "apt install linphone-cli",
    "sipp": shutil.which("sipp") is None and "apt install sip-tester",
}
NUMBERS = {"pjsip": "1390000001", "baresip": "1390000002"}
NUMBERS |= {"linphone": "1390000003", "sipp": "1390000004"}
# The other three are called directly in test_three_jobs.py.
DIRECT = "1390000005"

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory, rendered, rtp_low) -> Iterator[Responder]:
    folder = tmp_path_factory.mktemp("interoperation")
    with responder(folder, rendered, rtp_low) as one:
        yield one


@pytest.fixture(scope="module")
def front(tmp_path_factory, served, rtp_low) -> Iterator[Front]:
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)} (apt install kamailio rtpengine-daemon)")
    # On an address of its own, the relay's ports are nobody else's.
    with fronted(tmp_path_factory.mktemp("front"), served.sip_port, rtp_low) as one:
        yield one


@pytest.fixture(scope="module")
def placed(request, served, tmp_path_factory) -> Iterator[dict[str, Future[str]]]:
    """Every call that can be made here, all at once."""
    town = rendered_town(served)
    target = "" if MISSING else request.getfixturevalue("front").target
    wanted = {name: (PLACE[name], target, NUMBERS[name]) for name in PLACE if target}
    wanted["direct"] = (place_linphone, served.target, DIRECT)
    with ThreadPoolExecutor(len(wanted)) as pool:
        yield {
            name: pool.submit(heard_by, place, to, town, number, tmp_path_factory.mktemp(name))
            for name, (place, to, number) in wanted.items()
            if not ABSENT["linphone" if name == "direct" else name]
        }


def check(served: Responder, placed: Future[str]) -> dict[str, Any]:
    """What should be heard was, in order; the call is written as ended by the caller."""
    call = served.until_row(
        "SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", placed.result()
    )
    assert call["ended_by"] == "caller"
    steps = served.rows("SELECT * FROM call_steps WHERE call_id = ? ORDER BY seq", call["id"])
    assert "".join(step["digits"] for step in steps) == "11"
    return call


@pytest.mark.rfc("3261 §12.2.1.1", "3261 §16.6", "3264 §5")
@pytest.mark.parametrize("caller", PLACE)
def test_through_kamailio_and_rtpengine_the_right_answer_is_heard(request, served, placed, caller):
    if ABSENT[caller]:
        pytest.skip(f"{caller} is not installed: {ABSENT[caller]}")
    front = request.getfixturevalue("front")
    call = check(served, placed[caller])
    assert call["remote"] == f"{HOST}:{front.sip_port}"
    # Both ways at 50 packets a second, for the six seconds or more that the call lasts.
    assert front.carried(call["sip_call_id"]) > 400


def test_linphone_calls_directly(served, placed):
    if ABSENT["linphone"]:
        pytest.skip(f"linphone is not installed: {ABSENT['linphone']}")
    call = check(served, placed["direct"])
    assert call["remote"].startswith("127.0.0.1:")


@pytest.mark.rfc("3261 §12.2.1.1", "3264 §8.4")
def test_hold_and_the_lines_own_bye_go_through_the_proxy(served, front, placed, tmp_path):
    if ABSENT["pjsip"]:
        pytest.skip(f"pjsip is not installed: {ABSENT['pjsip']}")
    town = rendered_town(served)
    with PjsipPhone(tmp_path, "1390000006") as phone:
        phone.do(call=front.target)
        phone.until_state("CONFIRMED")
        phone.until(lambda told: told.get("sound"), "the greeting")
        phone.do(hold=True)
        phone.until(lambda told: told.get("hold"), "the hold to be agreed")
        phone.do(hold=False)
        phone.until(lambda told: told.get("media") and not told["hold"], "the end of the hold")
        phone.do(press="1")
        menu = town.clips("main_menu", LANGUAGE, {})[0]
        wait_until(lambda: find(phone.heard(), menu).share >= ENOUGH, "the menu to be heard", 20.0)
        served.terminate()  # the line says goodbye: its BYE takes the route of the proxy
        phone.until_state("DISCONNECTED")
