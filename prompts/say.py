"""What a caller would hear, as a file: behind `ivr say` and the desk's "hear it" button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from prompts import g711
from prompts.catalogue import Catalogue
from prompts.clause import Clause, silence
from prompts.compose import compose, compose_text
from prompts.errors import PromptError
from prompts.renderer import Renderer
from prompts.slots import Value, parse_value


def parse_values(
    catalogue: Catalogue, prompt_id: str, given: Mapping[str, str]
) -> dict[str, Value]:
    """Slot values from what was typed (`amount=128.50`); PromptError names slot and remedy."""
    prompt = catalogue.prompt(prompt_id)
    unknown = sorted(set(given) - set(prompt.slots))
    if unknown:
        there = ", ".join(f"{name} ({kind.value})" for name, kind in prompt.slots.items())
        raise PromptError(
            "prompt %(prompt)r has no slot %(slot)r; it has %(known)s",
            prompt=prompt_id,
            slot=unknown[0],
            known=there or "none",
        )
    values: dict[str, Value] = {}
    for name, text in given.items():
        try:
            values[name] = parse_value(prompt.slots[name], text)
        except PromptError as error:
            raise PromptError(
                "%(given)s: %(reason)s", given=f"{name}={text}", reason=error.message
            ) from None
    return values


def join(clauses: Sequence[Clause], renderer: Renderer) -> bytes:
    """The clauses one after the other with their pauses, as 8 kHz µ-law."""
    parts: list[bytes] = []
    for clause in clauses:
        parts += [renderer.render(clause), silence(clause.pause_after_ms)]
    return b"".join(parts[:-1])


def say_to_wav(
    catalogue: Catalogue,
    language: str,
    out: Path,
    renderer: Renderer,
    *,
    prompt_id: str | None = None,
    text: str | None = None,
    values: Mapping[str, str] | None = None,
) -> float:
    """Write a prompt, or any text, as a caller hears it (8 kHz µ-law WAV); seconds of it.

    PromptError says what is wrong with the prompt, a value, a voice or the file.
    """
    if (prompt_id is None) == (text is None):
        raise PromptError("say a prompt or a text: one of the two")
    if prompt_id is not None:
        spoken = parse_values(catalogue, prompt_id, values or {})
        clauses = compose(catalogue, prompt_id, language, spoken)
    else:
        clauses = list(compose_text(text or "", language, catalogue.manner))
    if not clauses:
        raise PromptError("there is nothing to say in this text")
    audio = join(clauses, renderer)
    g711.write_wav(out, audio)
    return len(audio) / g711.RATE
