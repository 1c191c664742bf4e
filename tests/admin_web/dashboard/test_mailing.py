"""The daily summary reaches a mail server once a day, and says so where it could not."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from admin_web.dashboard.mailing import mail_if_due
from admin_web.settings import MailSettings
from ivr.records.tables import EndedBy
from ivr.services import statistics_counting, summary_mail
from tests.admin_web.builders import DeskUnderTest, add_call, make_desk


class Postbox:
    """A mail server's side: keeps what comes, or refuses everybody."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refuses = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.refuses:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def mail(postbox: Postbox) -> Iterator[MailSettings]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    yield MailSettings(
        "127.0.0.1",
        port,
        "none",
        "",
        "",
        "line@example.org",
        ("first@example.org", "second@example.org"),
        time(7, 30),
    )
    server.stop()


@pytest.fixture
def desk(tmp_path, mail: MailSettings) -> DeskUnderTest:
    return make_desk(tmp_path, mail=mail)


def faulty_day(desk: DeskUnderTest) -> None:
    """Yesterday one call was ended by a fault; it is counted. Then it is 08:00."""
    desk.clock.at = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    add_call(
        desk,
        started_at=desk.clock() - timedelta(hours=20),
        ended_by=EndedBy.ERROR,
        steps=[("bills", "look_up", "lookup", "", "error")],
    )
    with desk.database.begin() as session:
        statistics_counting.count_ended(session, zone=desk.app.extensions["minsheng_desk"].zone)


def test_the_mail_says_in_both_languages_what_went_wrong_first(
    desk: DeskUnderTest, mail: MailSettings, postbox: Postbox
) -> None:
    faulty_day(desk)
    assert mail_if_due(desk.app, mail)
    (envelope,) = postbox.mails
    assert envelope.rcpt_tos == ["first@example.org", "second@example.org"]
    message = email.message_from_bytes(envelope.content, policy=default)
    body = message.get_body().get_content()
    assert "1 通电话因线路故障结束" in body
    assert "1 call was ended by a fault of the line." in body
    assert body.index("出了什么问题") < body.index("数据（括号内为前一天）")
    assert body.index("2026年11月22日") < body.index("22 November 2026")
    assert "2026年11月22日" in message["Subject"]
    assert "22 Nov 2026" in message["Subject"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_day_is_mailed_once_and_the_next_one_again(
    desk: DeskUnderTest, mail: MailSettings, postbox: Postbox
) -> None:
    faulty_day(desk)
    assert mail_if_due(desk.app, mail)
    desk.clock.move(hours=3)
    assert not mail_if_due(desk.app, mail)
    desk.clock.move(days=1)
    assert mail_if_due(desk.app, mail)
    assert len(postbox.mails) == 2


def test_before_its_time_nothing_is_mailed(
    desk: DeskUnderTest, mail: MailSettings, postbox: Postbox
) -> None:
    faulty_day(desk)
    desk.clock.at = datetime(2026, 11, 22, 23, 29, tzinfo=UTC)
    assert not mail_if_due(desk.app, mail)
    desk.clock.move(minutes=1)
    assert mail_if_due(desk.app, mail)
    assert len(postbox.mails) == 1


def test_it_waits_an_hour_for_calls_that_are_not_counted_yet(
    desk: DeskUnderTest, mail: MailSettings, postbox: Postbox
) -> None:
    faulty_day(desk)
    add_call(desk, "late", started_at=desk.clock() - timedelta(hours=10))
    assert not mail_if_due(desk.app, mail)
    desk.clock.move(minutes=31)
    assert mail_if_due(desk.app, mail)


def test_a_refusal_is_shown_on_the_first_page_and_tried_again_later(
    desk: DeskUnderTest, mail: MailSettings, postbox: Postbox
) -> None:
    faulty_day(desk)
    postbox.refuses = True
    assert mail_if_due(desk.app, mail)
    visitor = desk.as_("supervisor").english()
    assert "The daily summary of 22 Nov 2026 was not mailed" in visitor.get("/").text
    assert not mail_if_due(desk.app, mail)  # not at once
    postbox.refuses = False
    desk.clock.move(minutes=15)
    assert mail_if_due(desk.app, mail)
    assert len(postbox.mails) == 1
    assert "was not mailed" not in visitor.get("/").text


def test_a_server_that_is_away_is_a_reason_and_no_crash(desk: DeskUnderTest) -> None:
    faulty_day(desk)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        nobody = MailSettings(
            "127.0.0.1", held.getsockname()[1], "none", "", "", "a@b.cn", ("c@d.cn",), time(7, 30)
        )
        assert mail_if_due(desk.app, nobody)
    with desk.database.read() as session:
        state = summary_mail.state(session)
    assert state is not None
    assert not state.sent
    assert "ConnectionRefusedError" in state.error
