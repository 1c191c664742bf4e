"""The default line, journey by journey, in both languages (design §6)."""

from pathlib import Path

import pytest

from call_flows import CallFacts, Session, check, default_texts, load, load_folder
from call_flows.checks import PromptFact
from call_flows.graph import all_said
from call_flows.instructions import Collect, Digits, NoInput, Play, Say
from call_flows.scenario import play, read_scenario
from prompts.catalogue import Catalogue

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))
REPOSITORY = Path(__file__).parents[2]
LINE = load(default_texts())


def catalogue_facts() -> dict[str, PromptFact]:
    catalogue = Catalogue.load_folder(REPOSITORY / "prompts" / "text")
    return {
        prompt.id: PromptFact(
            frozenset(prompt.texts), {name: kind.value for name, kind in prompt.slots.items()}
        )
        for prompt in catalogue
    }


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
@pytest.mark.parametrize(("key", "language"), [("1", "zh-CN"), ("2", "en")])
def test_journey_is_heard_as_scripted(path: Path, key: str, language: str) -> None:
    text = path.read_text("utf-8").replace("LANGUAGE", language).replace("LANG", key)
    scenario = read_scenario(text)
    session = play(scenario, LINE)
    assert session.language == language
    # After the greeting, nothing is said in the other language.
    again = read_scenario(text)
    session = Session(LINE, again.flow)
    session.start(again.call)
    said = []
    for step in again.steps:
        if step.given is not None:
            said += session.resume(step.given)
    contents = [one.content for one in said if isinstance(one, Play)]
    assert {c.language for c in contents if isinstance(c, Say)} == {language}


def test_there_is_a_scenario_for_every_flow() -> None:
    text = "".join(path.read_text("utf-8") for path in SCENARIOS)
    for prompt in ("bill_found", "outage_item", "ticket_number", "progress_found", "guide_", "mes"):
        assert prompt in text


def test_default_line_has_no_issue() -> None:
    assert check(LINE, catalogue_facts()) == []


def test_every_prompt_of_the_catalogue_is_said_or_is_a_phrase() -> None:
    heard = {utterance.prompt for utterance, _place in all_said(LINE)}
    unused = {name for name in catalogue_facts() if not name.startswith("phrase.")} - heard
    # Said by the responder itself, while a clause is rendered.
    assert unused <= {"please_wait"}


def test_greeting_speaks_both_languages_and_nothing_pressed_means_mandarin() -> None:
    session = Session(LINE)
    out = session.start(CallFacts("13800138000", "12345"))
    languages = [one.content.language for one in out if isinstance(one, Play)]
    assert languages == ["zh-CN", "zh-CN", "en", "en"]
    session.resume(NoInput())
    assert session.language == "zh-CN"


def test_zero_at_the_greeting_calls_a_person() -> None:
    session = Session(LINE)
    session.start(CallFacts())
    out = session.resume(Digits("0"))
    assert type(out[-1]).__name__ == "Transfer"


def test_digits_are_taken_while_every_menu_speaks() -> None:
    session = Session(LINE)
    for given in (None, Digits("2"), Digits("1"), Digits("*")):
        out = session.start(CallFacts()) if given is None else session.resume(given)
        assert all(one.barge_in for one in out if isinstance(one, Play))
        assert isinstance(out[-1], Collect)


def test_notice_of_recording_cannot_be_skipped() -> None:
    session = Session(LINE, "complaint")
    session.start(CallFacts())
    out = session.resume(Digits("1"))
    assert out[0] == Play(Say("complaint_notice", {}, "zh-CN"), barge_in=False)


def test_folder_and_package_give_the_same_line() -> None:
    folder = REPOSITORY / "call_flows" / "flows"
    assert load_folder(folder).flows.keys() == LINE.flows.keys()


def test_services_table_agrees_with_the_services() -> None:
    from call_flows.service_facts import SERVICES
    from ivr.services.lookups import LOOKUPS

    assert SERVICES.keys() == LOOKUPS.keys()
    for name, fact in SERVICES.items():
        assert fact.outcomes.keys() == set(LOOKUPS[name].outcomes)
        assert fact.needs == LOOKUPS[name].needs
        assert fact.takes == LOOKUPS[name].takes - {"language"}
