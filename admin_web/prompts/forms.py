"""Forms of the prompt pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, StringField, TextAreaField

from admin_web.forms import Choice, DeskForm, SearchForm, at_most, choices, required, strip

LONGEST_TEXT = 2000

SHOWN = {
    "edited": _l("Edited by staff"),
    "recorded": _l("Recorded by a person"),
    "problems": _l("With something to look at"),
}


class PromptSearch(SearchForm):
    """Which prompts to list."""

    text = StringField(_l("Name or text"), filters=[strip], validators=[at_most(100)])
    shown = Choice(_l("Which"), choices=choices(SHOWN, _l("All prompts")))


class PromptText(DeskForm):
    """The text of one prompt in one language; ``base`` is the revision the edit began from."""

    base = HiddenField()
    text = TextAreaField(
        _l("Text"), filters=[strip], validators=[required(), at_most(LONGEST_TEXT)]
    )
    message = StringField(
        _l("What was changed"), filters=[strip], validators=[required(), at_most(500)]
    )


class PromptSound(DeskForm):
    """A recording of one prompt in one language."""

    file = FileField(_l("Sound file"), validators=[FileRequired(_l("Choose a file."))])
