"""Forms of the pages of pronunciations."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from admin_web.forms import Choice, DeskForm, SearchForm, at_most, choices, required, strip
from prompts.lexicon.pronunciations import LONGEST_SAID, LONGEST_WORD

LANGUAGES = {"zh-CN": _l("Mandarin"), "en": _l("English")}
SHOWN = {"deleted": _l("Deleted"), "line": _l("Those that came with the line")}
LONGEST_SENTENCE = 200


class WordSearch(SearchForm):
    """Which words to list."""

    text = StringField(_l("Word or pronunciation"), filters=[strip], validators=[at_most(100)])
    shown = Choice(_l("Which"), choices=choices(SHOWN, _l("Those of staff")))


class WordChoice(DeskForm):
    """The word to look at, by GET."""

    language = SelectField(
        _l("Voice"),
        choices=[SelectChoice(value, label) for value, label in LANGUAGES.items()],
        default="zh-CN",
    )
    word = StringField(_l("Word"), filters=[strip], validators=[required(), at_most(LONGEST_WORD)])


class WordSaid(DeskForm):
    """How a word is said; ``base`` is the revision the edit began from."""

    base = HiddenField()
    said = StringField(
        _l("How it is said"), filters=[strip], validators=[required(), at_most(LONGEST_SAID)]
    )
    sentence = StringField(
        _l("Hear it in this sentence"), filters=[strip], validators=[at_most(LONGEST_SENTENCE)]
    )
