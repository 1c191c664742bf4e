"""A mail to who gets the daily summary when an alarm is raised, and when it is over.

In both languages, Chinese first, without numbers of callers. The look that found the alarm must
not wait for a mail server: a thread sends, and a mail that cannot be sent is logged.
"""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from queue import Full, Queue

from flask import Flask
from flask_babel import gettext as _

from admin_web.dashboard.mailing import send
from admin_web.languages import COOKIE, LANGUAGES
from admin_web.reasons import said
from admin_web.settings import MailSettings
from ivr.services.alarms import Alarm

MOST_WAITING = 20

log = logging.getLogger(__name__)


class AlarmMail:
    """``tell`` has a mail sent; it returns at once."""

    def __init__(
        self,
        app: Flask,
        mail: MailSettings,
        *,
        post: Callable[[MailSettings, EmailMessage], None] = send,
    ) -> None:
        self._app, self._mail, self._post = app, mail, post
        self._waiting: Queue[EmailMessage] = Queue(MOST_WAITING)
        threading.Thread(target=self._send_forever, name="alarm mail", daemon=True).start()

    def tell(self, raised: Sequence[Alarm], over: Sequence[Alarm]) -> None:
        """Send what is new and what is over."""
        try:
            self._waiting.put_nowait(compose(self._app, self._mail, raised, over))
        except Full:
            log.warning("Too many mails of alarms wait to be sent; one is left out")

    def _send_forever(self) -> None:
        while True:
            message = self._waiting.get()
            try:
                self._post(self._mail, message)
            except (OSError, smtplib.SMTPException, ValueError) as failure:
                log.warning("The mail of an alarm could not be sent: %s", failure)


def compose(
    app: Flask, mail: MailSettings, raised: Sequence[Alarm], over: Sequence[Alarm]
) -> EmailMessage:
    """The mail."""
    texts, subjects = [], []
    for language in LANGUAGES:
        with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={language}"}):
            subjects.append(_("Minsheng Line: alarm") if raised else _("Minsheng Line: alarm over"))
            lines = [f"{said(a.finding.what)} {said(a.finding.advice)}" for a in raised]
            lines += [_("Over: %(what)s", what=said(a.finding.what)) for a in over]
            texts.append("\n".join(lines))
    message = EmailMessage()
    message["Subject"] = " / ".join(subjects)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2].strip(" >") or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
    message.set_content(("\n" + "-" * 40 + "\n").join(texts) + "\n", charset="utf-8")
    return message
