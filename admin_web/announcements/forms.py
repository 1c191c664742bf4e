"""The form of an announcement: what is said, to whom, until when."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.validators import Optional, ValidationError

from admin_web.forms import DeskForm, Moment, at_most, choices, strip
from admin_web.names import MANNER
from ivr.records.tables import Manner
from ivr.services.announcements import LONGEST_TEXT, Notice

UNTIL = {
    "30": _l("for 30 minutes"),
    "60": _l("for 1 hour"),
    "120": _l("for 2 hours"),
    "day": _l("until the end of the day"),
    "own": _l("until the time given beside"),
}


def end_of(until: str, own: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Return when an announcement ends that is put out ``now``."""
    here = now.astimezone(zone)
    if until == "day":
        following = here.date() + timedelta(days=1)
        return datetime.combine(following, time(), zone)
    if until == "own" and own is not None:
        return own.replace(tzinfo=zone)
    return now + timedelta(minutes=int(until))


class _Ends(DeskForm):
    """Until when: always some time."""

    until = SelectField(_l("How long"), choices=choices(UNTIL), default="60")
    own = Moment(_l("Ends at"), validators=[Optional()])

    def validate_until(self, field: SelectField) -> None:
        """Who chooses a time of their own gives it."""
        if field.data == "own" and self.own.data is None:
            raise ValidationError(_l("Give the time at which it ends."))

    def ends_at(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the end that was chosen."""
        return end_of(self.until.data, self.own.data, now, zone)


class ExtendForm(_Ends):
    """Another end."""


class AnnouncementForm(_Ends):
    """A whole announcement."""

    words_zh = TextAreaField(
        _l("Said in Mandarin"), filters=[strip], validators=[at_most(LONGEST_TEXT)]
    )
    words_en = TextAreaField(
        _l("Said in English"), filters=[strip], validators=[at_most(LONGEST_TEXT)]
    )
    prompt = SelectField(_l("Or a prompt that is there already"), validators=[Optional()])
    manner = SelectField(_l("What callers can do then"), choices=choices(MANNER), default="go_on")
    flow = SelectField(_l("Who hears it"), validators=[Optional()])

    def notice(self, now: datetime, zone: tzinfo) -> Notice:
        """Return what was entered."""
        return Notice(
            words_zh=self.words_zh.data or "",
            words_en=self.words_en.data or "",
            ends_at=self.ends_at(now, zone),
            manner=Manner(self.manner.data),
            prompt=self.prompt.data or "",
            flow=self.flow.data or "",
        )
