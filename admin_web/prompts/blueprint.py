"""The blueprint that all pages of prompts hang on, and what their addresses share."""

from __future__ import annotations

from flask import Blueprint, abort

from admin_web.prompts.published import LANGUAGES
from prompts.catalogue import Catalogue, Prompt
from prompts.errors import PromptError

blueprint = Blueprint("prompts", __name__, url_prefix="/prompts")


def check_language(language: str) -> None:
    """404 for a language the line does not speak."""
    if language not in LANGUAGES:
        abort(404)


def known(catalogue: Catalogue, prompt_id: str) -> Prompt:
    """Return a prompt; 404 where there is none."""
    try:
        return catalogue.prompt(prompt_id)
    except PromptError:
        abort(404)
