"""What the log of changes can be searched by."""

from __future__ import annotations

from datetime import timedelta, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Optional

from admin_web.calls.forms import day_begins
from admin_web.forms import Choice, Day, SearchForm, at_most, choices, strip
from admin_web.names import AUDIT_WORD
from ivr.services.audit import AuditFilter


class AuditSearch(SearchForm):
    """Which entries to list."""

    who = StringField(_l("Who"), filters=[strip], validators=[at_most(64)])
    what = Choice(_l("What"), choices=choices(AUDIT_WORD, _l("Everything")))
    record = StringField(_l("Record"), filters=[strip], validators=[at_most(128)])
    first_day = Day(_l("From day"), validators=[Optional()])
    last_day = Day(_l("To day"), validators=[Optional()])

    def filter(self, zone: tzinfo) -> AuditFilter:
        """Return what was asked for; both days are included."""
        last = self.last_day.data
        return AuditFilter(
            who=self.who.data or "",
            what=self.what.data or "",
            record=self.record.data or "",
            since=day_begins(self.first_day.data, zone),
            until=day_begins(last + timedelta(days=1), zone) if last else None,
        )
