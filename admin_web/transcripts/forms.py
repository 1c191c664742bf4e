"""Forms of the transcript page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import Regexp

from admin_web.forms import DeskForm, at_most, choices, required, strip
from admin_web.names import LANGUAGE
from ivr.services.transcripts import LANGUAGES, LONGEST_TEXT


class WordsForm(DeskForm):
    """The words as somebody heard them; ``seen`` is the version that the page showed."""

    seen = HiddenField(id="words-seen", validators=[required(), Regexp(r"^[0-9]{1,9}$")])
    text = TextAreaField(
        _l("What is said"),
        id="words",
        filters=[strip],
        validators=[required(), at_most(LONGEST_TEXT)],
    )


class AgainForm(DeskForm):
    """Let the machine listen once more."""

    seen = HiddenField(id="again-seen", validators=[required(), Regexp(r"^[0-9]{1,9}$")])
    language = SelectField(_l("Language spoken"), id="again-language")

    def offer_languages(self) -> None:
        """Offer the languages that the recogniser is asked for here."""
        self.language.choices = choices({code: LANGUAGE[code] for code in LANGUAGES})
