from datetime import UTC, datetime, timedelta

import pytest

from ivr.services import facts, heartbeats, numbers, trunks
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_a_number_is_listed_changed_and_taken_off_the_list(database):
    with database.begin() as session:
        numbers.save(session, "12345", "bills", note="since May", now=NOW)
        numbers.save(session, "12345", "outages", now=NOW)
        assert [(n.called, n.flow) for n in numbers.all_numbers(session)] == [("12345", "outages")]
        numbers.remove(session, "12345")
        assert numbers.all_numbers(session) == []
        with pytest.raises(NotFoundError):
            numbers.remove(session, "12345")
        with pytest.raises(RefusedError):
            numbers.save(session, " ", "main", now=NOW)


def test_a_trunks_state_is_kept_beside_its_settings(database):
    with database.begin() as session:
        trunks.save(session, "pbx", {"registrar": "sip:pbx.example"}, now=NOW)
        trunks.record_state(session, "pbx", "registered", "200 OK", expires_in_s=300, now=NOW)
        trunks.record_state(session, "file", "failed", "x" * 500, now=NOW)
        trunks.save(session, "pbx", {"registrar": "sip:b.example"}, enabled=False, now=NOW)
    with database.begin() as session:
        from_file, pbx = trunks.all_trunks(session)
        assert (pbx.register_state, pbx.expires_at) == ("registered", NOW + timedelta(minutes=5))
        assert pbx.settings == {"registrar": "sip:b.example"}
        assert len(from_file.detail) == 200
        assert [t.name for t in trunks.all_trunks(session, enabled_only=True)] == ["file"]
        trunks.remove(session, "pbx")
        with pytest.raises(NotFoundError):
            trunks.remove(session, "pbx")


def test_a_process_is_alive_for_a_while_after_its_last_sign(database):
    with database.begin() as session:
        heartbeats.beat(session, "responder", {"calls": 1}, NOW - timedelta(minutes=1))
        heartbeats.beat(session, "responder", {"calls": 2}, NOW)
        assert [b.detail for b in heartbeats.all_beats(session)] == [{"calls": 2}]
        assert heartbeats.is_alive(session, "responder", NOW + heartbeats.STALE)
        late = NOW + heartbeats.STALE + timedelta(seconds=1)
        assert not heartbeats.is_alive(session, "responder", late)
        assert not heartbeats.is_alive(session, "voice", NOW)


def test_facts_are_kept_by_name(database):
    with database.begin() as session:
        assert not facts.is_sample(session)
        facts.write(session, facts.SAMPLE_DATA, True)
        assert facts.is_sample(session)
        facts.write(session, facts.SAMPLE_DATA, False)
        assert not facts.is_sample(session)
        assert facts.read(session, "nothing", 3) == 3
