"""An alarm stands on every page of who is signed in, in their language, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from admin_web.alarms.mailing import compose
from admin_web.settings import MailSettings
from ivr.services import alarms
from ivr.services.alarms import Seen
from tests.admin_web.builders import DeskUnderTest


def raise_on(desk: DeskUnderTest, **changes: object) -> None:
    seen = replace(Seen(now=desk.clock()), **changes)
    desk.app.extensions["minsheng_desk"].settings.alarms.tell(alarms.found(seen), seen.now)


def test_every_page_has_it_in_both_languages_until_it_is_over(desk: DeskUnderTest) -> None:
    clerk = desk.as_("clerk")
    raise_on(desk, voice_up=False)
    assert "语音合成没有响应" in clerk.get("/").text
    assert "语音合成没有响应" in clerk.get("/complaints/").text
    assert "The voice does not answer" in clerk.english().get("/").text
    raise_on(desk)
    assert "The voice does not answer" not in clerk.get("/").text


def test_who_is_not_signed_in_reads_no_alarm(desk: DeskUnderTest) -> None:
    raise_on(desk, write_fault="the database /srv/line/ivr.db is not available")
    assert "/srv/line" not in desk.app.test_client().get("/sign-in", follow_redirects=True).text


def test_monitors_are_told_in_words_without_folders(desk: DeskUnderTest) -> None:
    raise_on(desk, disks={"/srv/line": (1 << 20, 1 << 40)}, write_fault="/srv/line/ivr.db")
    told = desk.app.test_client().get("/healthz").json
    assert len(told["alarms"]) == 2
    assert any("is full" in sentence for sentence in told["alarms"])
    assert "/srv" not in str(told)
    assert 'ivr_alarm{alarm="disk"} 1.0' in desk.app.test_client().get("/metrics").text


def test_the_mail_says_it_in_both_languages(desk: DeskUnderTest) -> None:
    raise_on(desk, backups=True, backup_failed=True)
    up = desk.app.extensions["minsheng_desk"].settings.alarms.alarms
    mail = MailSettings(
        "mail.example", 25, "none", "", "", "a@b.example", ("c@d.example",), time(8)
    )
    message = compose(desk.app, mail, up, ())
    text = message.get_content()
    assert "最近一次备份失败" in text
    assert "The last backup failed" in text
    assert message["To"] == "c@d.example"
    over = compose(desk.app, mail, (), up).get_content()
    assert "已解除" in over
    assert "Over:" in over


def test_monitors_read_the_alarm_of_a_database_that_is_gone(desk: DeskUnderTest) -> None:
    raise_on(desk, write_fault="the database is not available")
    desk.database.close()
    for file in desk.state_dir.glob("ivr.db*"):
        file.unlink()
    told = desk.app.test_client().get("/metrics")
    assert told.status_code == 200
    assert 'ivr_alarm{alarm="database"} 1.0' in told.text
    assert "ivr_complaints" not in told.text
