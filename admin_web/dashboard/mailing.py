"""The summary by mail: once a day, in both languages, Chinese first.

Plain text: every mail program of an office shows it, and there is nothing in it to be
filtered out. Sent from the desk's process by its background thread (`ivr.desk_chores`).
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from flask import Flask
from flask_babel import gettext as _

from admin_web.dashboard.summary import as_text, summary_page
from admin_web.desk import desk
from admin_web.formatting import day_text
from admin_web.languages import COOKIE, LANGUAGES
from admin_web.settings import MailSettings
from ivr.services import statistics_counting, summary_mail

TIMEOUT_S = 30.0
COUNTING_PATIENCE = timedelta(hours=1)
"""So long the mail waits for calls that have ended to be counted."""

log = logging.getLogger(__name__)


def mail_if_due(app: Flask, mail: MailSettings) -> bool:
    """Send yesterday's summary if it is time and it was not sent; whether it was tried."""
    with app.test_request_context("/"):
        here = desk().now().astimezone(desk().zone)
        begun = datetime.combine(here.date(), mail.at, desk().zone)
        if here < begun:
            return False
        day = here.date() - timedelta(days=1)
        with desk().database.read() as session:
            kept = summary_mail.state(session)
            if kept is not None and (kept.sent and kept.day >= day):
                return False
            waiting = statistics_counting.waiting(session, limit=1)
        if waiting and here - begun < COUNTING_PATIENCE:
            return False  # the figures would be short
        with desk().database.begin() as session:
            if not summary_mail.claim(session, day, desk().now()):
                return False
    error = ""
    try:
        send(mail, compose(app, mail, day))
    except (OSError, smtplib.SMTPException, ValueError) as failure:
        error = f"{type(failure).__name__}: {failure}"
        log.warning("The daily summary could not be mailed: %s", error)
    with app.test_request_context("/"), desk().database.begin() as session:
        summary_mail.done(session, day, desk().now(), error)
    return True


def compose(app: Flask, mail: MailSettings, day: date) -> EmailMessage:
    """The mail of a day."""
    texts, subjects = [], []
    now: datetime | None = None
    for language in LANGUAGES:
        with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={language}"}):
            now = desk().now().astimezone(desk().zone)
            with desk().database.read() as session:
                page = summary_page(session, day)
            texts.append(as_text(page))
            count = len(page.troubles)
            subjects.append(
                _("Minsheng Line %(day)s: %(count)s to look at", day=day_text(day), count=count)
                if count
                else _("Minsheng Line %(day)s: all well", day=day_text(day))
            )
    message = EmailMessage()
    message["Subject"] = " / ".join(subjects)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    if now is not None:
        message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2].strip(" >") or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
    message.set_content(("\n" + "-" * 40 + "\n\n").join(texts), charset="utf-8")
    return message


def send(mail: MailSettings, message: EmailMessage) -> None:
    """Hand a mail to the server; OSError or SMTPException say why not."""
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.security == "tls":
        server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    with server:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.username:
            server.login(mail.username, mail.password)
        refused = server.send_message(message)
    if refused:  # some recipients were taken, others not
        raise smtplib.SMTPRecipientsRefused(refused)
