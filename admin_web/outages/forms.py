"""The forms of outage notices; times are entered in the zone of the line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from admin_web.forms import DeskForm, Moment, at_most, choices, required, strip
from admin_web.names import UTILITY
from admin_web.reasons import said
from ivr.records.tables import Area, Outage, OutageTemplate, UtilityKind
from ivr.services import outage_templates
from ivr.services.errors import RefusedError
from ivr.services.outage_templates import Filling
from ivr.services.outages import Notice, areas_named

LONGEST_TEXT = 1000


class Areas(SelectMultipleField):  # type: ignore[misc]
    """Several areas, to be ticked; none: the whole town."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Refuse an area there is not."""
        known = {choice.value for choice in self.choices or ()}
        if any(code not in known for code in self.data or ()):
            raise ValidationError(self.gettext("Not a valid choice."))


class OutageForm(DeskForm):
    """What staff enter about an outage."""

    kind = SelectField(_l("Supply"), choices=choices(UTILITY))
    area_code = Areas(_l("Areas"), validators=[Optional()])
    starts_at = Moment(_l("From"), validators=[required()])
    ends_at = Moment(_l("Expected to end"), validators=[Optional()])
    valid_from = Moment(_l("Heard from"), validators=[Optional()])
    valid_to = Moment(_l("Heard until"), validators=[Optional()])
    reason_zh = StringField(_l("Reason, in Chinese"), filters=[strip], validators=[at_most(200)])
    reason_en = StringField(_l("Reason, in English"), filters=[strip], validators=[at_most(200)])
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

    def fill_in(self, areas: Mapping[str, Area], zone: tzinfo) -> bool:
        """Put into the texts what their slots stand for; False with errors beside them."""
        filled = {}
        for language, text in (("zh-CN", self.text_zh), ("en", self.text_en)):
            try:
                filled[text] = self.filled(language, areas, zone)
            except RefusedError as error:
                text.errors = [*text.errors, said(error)]
        if len(filled) < 2:
            return False
        for text, words in filled.items():
            text.data = words
        return True

    def filled(self, language: str, areas: Mapping[str, Area], zone: tzinfo) -> str:
        """The text of a language as it is said; RefusedError names the slot at fault."""
        zh = language == "zh-CN"
        text = (self.text_zh if zh else self.text_en).data or ""
        reason = (self.reason_zh if zh else self.reason_en).data or ""
        given = [areas[code] for code in self.area_code.data or () if code in areas]
        filling = Filling(
            areas_named(given, language),
            aware(self.starts_at.data, zone),
            aware(self.ends_at.data, zone),
            reason,
        )
        return outage_templates.fill(text, filling, language, zone)

    def notice(self, zone: tzinfo, *, draft: bool = False) -> Notice:
        """Return what was entered, its times made aware."""
        starts_at = aware(self.starts_at.data, zone)
        if starts_at is None:  # the field is required
            raise ValueError("the form has not been validated")
        codes = self.area_code.data or []
        return Notice(
            kind=UtilityKind(self.kind.data),
            area_code=codes[0] if codes else None,
            starts_at=starts_at,
            ends_at=aware(self.ends_at.data, zone),
            text_zh=self.text_zh.data,
            text_en=self.text_en.data or "",
            valid_from=aware(self.valid_from.data, zone),
            valid_to=aware(self.valid_to.data, zone),
            more_areas=tuple(codes[1:]),
            draft=draft,
        )

    def show(self, outage: Outage, zone: tzinfo, *, times: bool = True) -> None:
        """Fill the form with a notice as it is kept; without its times for a copy."""
        self.kind.data = outage.kind.value
        self.area_code.data = list(outage.area_codes)
        if times:
            for name in ("starts_at", "ends_at", "valid_from", "valid_to"):
                moment = getattr(outage, name)
                self[name].data = moment.astimezone(zone) if moment else None
        self.text_zh.data = outage.text_zh
        self.text_en.data = outage.text_en

    def begin_from(self, template: OutageTemplate) -> None:
        """Fill the form with a template."""
        self.kind.data = template.kind.value
        self.text_zh.data, self.text_en.data = template.text_zh, template.text_en


def aware(moment: datetime | None, zone: tzinfo) -> datetime | None:
    """A moment as it was entered, in the zone of the line."""
    return moment.replace(tzinfo=zone) if moment else None


class ExtendForm(DeskForm):
    """When a repair that takes longer is expected to end."""

    ends_at = Moment(_l("New end"), validators=[required()])


class TemplateForm(DeskForm):
    """Wording that is used again and again."""

    kind = SelectField(_l("Supply"), choices=choices(UTILITY))
    name_zh = StringField(_l("Chinese name"), filters=[strip], validators=[required(), at_most(80)])
    name_en = StringField(_l("English name"), filters=[strip], validators=[at_most(80)])
    text_zh = TextAreaField(
        _l("Chinese text"), filters=[strip], validators=[required(), at_most(LONGEST_TEXT)]
    )
    text_en = TextAreaField(_l("English text"), filters=[strip], validators=[at_most(LONGEST_TEXT)])


class ListForm(DeskForm):
    """A file of notices."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class TakeInForm(DeskForm):
    """What becomes of the good lines."""

    drafts = BooleanField(_l("Keep them as drafts; callers hear nothing yet"))
