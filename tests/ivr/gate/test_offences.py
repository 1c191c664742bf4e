"""What is an offence, and who gives itself away."""

from ivr.gate.offences import POINTS_TO_BAN, Offence, is_scanner


def test_scanners_are_known_by_what_they_call_themselves() -> None:
    assert is_scanner("friendly-scanner")
    assert is_scanner("SIPVicious/0.3")
    assert is_scanner("sipcli/v1.8")


def test_telephones_are_no_scanners() -> None:
    for name in ("Linphone-Desktop/5.2", "baresip v1.0", "PJSUA v2.14", "Asterisk PBX 20", ""):
        assert not is_scanner(name)


def test_no_single_fault_but_a_scanners_name_makes_a_ban() -> None:
    alone = [what for what in Offence if what.points >= POINTS_TO_BAN]
    assert alone == [Offence.SCANNER]
