"""Forms of the bill pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, StringField

from admin_web.forms import Choice, DeskForm, SearchForm, at_most, choices, strip
from admin_web.names import UTILITY


class AccountSearch(SearchForm):
    """Which account to show."""

    text = StringField(_l("Account number or holder"), filters=[strip], validators=[at_most(80)])
    kind = Choice(_l("Supply"), choices=choices(UTILITY, _l("All supplies")))
    unpaid = BooleanField(_l("Unpaid only"))


class UploadForm(DeskForm):
    """A utility's file of bills; the same source's next file is read in the same way."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    source = StringField(_l("Source"), filters=[strip], validators=[at_most(80)])


class StoreForm(DeskForm):
    """How the lines that were read are stored."""

    all_or_nothing = BooleanField(_l("Import nothing at all if one line is wrong"))
