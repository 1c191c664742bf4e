"""The form of one outage notice; times are entered in the zone of the line."""

from __future__ import annotations

from datetime import datetime, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField, ValidationError
from wtforms.validators import Optional

from admin_web.forms import DeskForm, Moment, at_most, choices, required, strip
from admin_web.names import UTILITY
from ivr.records.tables import Outage, UtilityKind
from ivr.services.outages import Notice

LONGEST_TEXT = 1000


class OutageForm(DeskForm):
    """What staff enter about an outage."""

    kind = SelectField(_l("Supply"), choices=choices(UTILITY))
    area_code = SelectField(_l("Area"), validators=[Optional()])
    starts_at = Moment(_l("From"), validators=[required()])
    ends_at = Moment(_l("Expected to end"), validators=[Optional()])
    valid_from = Moment(_l("Heard from"), validators=[Optional()])
    valid_to = Moment(_l("Heard until"), validators=[Optional()])
    text_zh = TextAreaField(
        _l("Chinese text"), filters=[strip], validators=[required(), at_most(LONGEST_TEXT)]
    )
    text_en = TextAreaField(_l("English text"), filters=[strip], validators=[at_most(LONGEST_TEXT)])

    def validate_ends_at(self, field: Moment) -> None:
        """An outage ends after it begins."""
        if field.data and self.starts_at.data and field.data <= self.starts_at.data:
            raise ValidationError(_l("The end must be later than the beginning."))

    def validate_valid_to(self, field: Moment) -> None:
        """Callers hear a notice for some time, and not only in the past."""
        if field.data and self.valid_from.data and field.data <= self.valid_from.data:
            raise ValidationError(_l("This must be later than the time callers begin to hear it."))

    def notice(self, zone: tzinfo) -> Notice:
        """Return what was entered, its times made aware."""

        def aware(moment: datetime | None) -> datetime | None:
            return moment.replace(tzinfo=zone) if moment else None

        starts_at = aware(self.starts_at.data)
        if starts_at is None:  # the field is required
            raise ValueError("the form has not been validated")
        return Notice(
            kind=UtilityKind(self.kind.data),
            area_code=self.area_code.data or None,
            starts_at=starts_at,
            ends_at=aware(self.ends_at.data),
            text_zh=self.text_zh.data,
            text_en=self.text_en.data or "",
            valid_from=aware(self.valid_from.data),
            valid_to=aware(self.valid_to.data),
        )

    def show(self, outage: Outage, zone: tzinfo) -> None:
        """Fill the form with a notice as it is kept."""
        self.kind.data = outage.kind.value
        self.area_code.data = outage.area_code or ""
        for name in ("starts_at", "ends_at", "valid_from", "valid_to"):
            moment = getattr(outage, name)
            self[name].data = moment.astimezone(zone) if moment else None
        self.text_zh.data = outage.text_zh
        self.text_en.data = outage.text_en
