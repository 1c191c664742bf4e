"""Forms of the prompt pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, StringField, TextAreaField

from admin_web.forms import Choice, DeskForm, SearchForm, at_most, choices, required, strip
from admin_web.names import LANGUAGE

LONGEST_TEXT = 2000

SHOWN = {
    "edited": _l("Edited by staff"),
    "added": _l("Made by staff"),
    "recorded": _l("Recorded by a person"),
    "outdated": _l("Recording out of date"),
    "missing": _l("Missing in a language"),
    "unused": _l("Not said anywhere"),
    "problems": _l("With something to look at"),
}


class PromptSearch(SearchForm):
    """Which prompts to list; ``variant`` those that it has not recorded."""

    text = StringField(_l("Number, name or text"), filters=[strip], validators=[at_most(100)])
    shown = Choice(_l("Which"), choices=choices(SHOWN, _l("All prompts")))
    variant = Choice(_l("Not recorded in"), choices=[], validate_choice=False)


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
    """A recording of one prompt in one language or a variant of it.

    ``words`` is the text that was on the page; ``source`` says whether the browser recorded it.
    """

    words = HiddenField()
    source = HiddenField()
    variant = Choice(_l("Kept for"), choices=[], validate_choice=False)
    file = FileField(_l("Sound file"), validators=[FileRequired(_l("Choose a file."))])
    speaker = StringField(_l("Who speaks"), filters=[strip], validators=[at_most(80)])
    reason = StringField(_l("Why (may stay empty)"), filters=[strip], validators=[at_most(500)])


class NewPrompt(DeskForm):
    """A prompt that staff make."""

    prompt_id = StringField(
        _l("Name of the prompt"), filters=[strip], validators=[required(), at_most(64)]
    )
    zh = TextAreaField(
        _l("Text in Mandarin"), filters=[strip], validators=[required(), at_most(LONGEST_TEXT)]
    )
    en = TextAreaField(
        _l("Text in English"), filters=[strip], validators=[required(), at_most(LONGEST_TEXT)]
    )
    note = StringField(_l("What it is for"), filters=[strip], validators=[at_most(500)])


class VariantNames(DeskForm):
    """What a variant is called."""

    name_zh = StringField(_l("Name in Chinese"), filters=[strip], validators=[at_most(80)])
    name_en = StringField(_l("Name in English"), filters=[strip], validators=[at_most(80)])


class NewVariant(VariantNames):
    """Another set of recordings beside a language."""

    code = StringField(_l("Code"), filters=[strip], validators=[required(), at_most(32)])
    language = Choice(_l("Falls back to"), choices=choices(LANGUAGE), validators=[required()])
