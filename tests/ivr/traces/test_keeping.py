"""Messages are kept by a thread, found again by call, and go when their room is used up."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.traces import TracedMessage, TraceWriter, Wanted, is_kept, messages, older
from ivr.traces.message import call_id_of

OURS, THEIRS = ("10.0.0.1", 5060), ("10.0.0.2", 5070)
ALWAYS = (0.0, None)
HOUR = 3600.0


def message(call_id: str, number: int = 1, body: bytes = b"") -> bytes:
    return (
        f"OPTIONS sip:x SIP/2.0\r\nCall-ID: {call_id}\r\nCSeq: {number} OPTIONS\r\n\r\n".encode()
        + body
    )


def kept(folder: Path, most: int, *said: tuple[bool, bytes]) -> TraceWriter:
    writer = TraceWriter(folder, most)
    writer.start()
    for incoming, data in said:
        writer.note(incoming, "udp", OURS, THEIRS, data)
    writer.stop()
    return writer


def test_a_call_finds_its_own_messages_in_order(tmp_path: Path) -> None:
    kept(tmp_path, 1 << 20, (True, message("a")), (True, message("b")), (False, message("a", 2)))
    found = messages(tmp_path, Wanted("a", *ALWAYS))
    assert [(one.incoming, one.data) for one in found] == [
        (True, message("a")),
        (False, message("a", 2)),
    ]
    assert (found[0].local, found[0].remote, found[0].transport) == (OURS, THEIRS, "udp")
    assert is_kept(tmp_path, Wanted("b", *ALWAYS))


def test_the_dialog_with_the_person_called_for_it_belongs_to_a_call(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, 1 << 20)
    writer.start()
    writer.note(True, "udp", OURS, THEIRS, message("caller"))
    writer.note(False, "udp", OURS, THEIRS, message("person"))
    writer.relate("caller", "person")
    writer.stop()
    assert [one.call_id for one in messages(tmp_path, Wanted("caller", *ALWAYS))] == [
        "caller",
        "person",
    ]
    assert [one.call_id for one in messages(tmp_path, Wanted("person", *ALWAYS))] == ["person"]


def test_a_call_of_another_time_with_the_same_id_is_another_call(tmp_path: Path) -> None:
    kept(tmp_path, 1 << 20, (True, message("a")))
    assert not messages(tmp_path, Wanted("a", 0.0, HOUR))
    assert not messages(tmp_path, Wanted("", *ALWAYS))
    assert not is_kept(tmp_path, Wanted("", *ALWAYS))


def test_no_file_is_larger_than_its_part_and_the_oldest_go(tmp_path: Path) -> None:
    most = 40_000
    kept(tmp_path, most, *[(True, message(str(number), body=b"v" * 900)) for number in range(200)])
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) <= most
    assert len(sizes) > 1
    assert is_kept(tmp_path, Wanted("199", *ALWAYS))
    assert not is_kept(tmp_path, Wanted("0", *ALWAYS))


def test_nothing_is_kept_where_nothing_is_wanted(tmp_path: Path) -> None:
    kept(tmp_path / "traces", 0, (True, message("a")))
    assert not (tmp_path / "traces").exists()
    assert messages(tmp_path / "traces", Wanted("a", *ALWAYS)) == []


def test_secrets_do_not_reach_the_disk(tmp_path: Path) -> None:
    info = (
        b"INFO sip:x SIP/2.0\r\nCall-ID: a\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=4"
    )
    kept(tmp_path, 1 << 20, (True, info))
    assert all(b"Signal=4" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_line_cut_short_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    kept(tmp_path, 1 << 20, (True, message("a")), (True, message("a", 2)))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert [one.data for one in messages(tmp_path, Wanted("a", *ALWAYS))] == [message("a")]


def test_a_disk_that_fails_is_told_once_and_costs_only_traces(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "traces"
    in_the_way.write_text("a file where the folder should be")
    writer = kept(in_the_way, 1 << 20, (True, message("a")), (True, message("b")))
    assert writer.left_out == 2
    assert caplog.text.count("SIP traces cannot be kept") == 1


def test_old_files_are_found_by_their_last_message(tmp_path: Path) -> None:
    kept(tmp_path, 1 << 20, (True, message("a")))
    (file,) = tmp_path.iterdir()
    os.utime(file, (1000, 1000))
    assert list(older(tmp_path, datetime.fromtimestamp(1001, UTC))) == [file]
    assert list(older(tmp_path, datetime.fromtimestamp(999, UTC))) == []


@given(st.binary(max_size=200), st.text(max_size=30), st.sampled_from(["udp", "tcp", "tls"]))
def test_any_message_comes_back_as_it_was(data: bytes, call_id: str, transport: str) -> None:
    one = TracedMessage(12.5, True, transport, OURS, ("::1", 1), call_id, data)
    assert TracedMessage.from_line(one.line()) == one


@given(st.binary(max_size=200))
def test_a_line_that_is_none_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        TracedMessage.from_line(b"[" + line)


def test_the_call_id_is_found_in_either_form_and_any_case() -> None:
    for field in (b"Call-ID: a@b", b"call-id :a@b ", b"i:\ta@b"):
        assert call_id_of(b"OPTIONS sip:x SIP/2.0\r\n" + field + b"\r\n\r\n") == "a@b"
    assert call_id_of(b"garbage") == ""
