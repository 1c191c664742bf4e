"""Rendering ahead: what is foreseeable, skipping, interrupting, resuming."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from prompts.catalogue import Catalogue
from prompts.clause import Words
from prompts.compose import compose
from prompts.engines.engine import Samples
from prompts.render_all import foreseeable, render_all
from prompts.renderer import Renderer
from prompts.slots import Value
from prompts.store import ClauseStore

TEXTS = {
    ("hello", "zh-CN"): "您好。请按一。",
    ("bill", "zh-CN"): "您的账单金额一共是{amount:money}，感谢您的来电。",
    ("many", "zh-CN"): "共有{n:count}条。",
    ("kind", "zh-CN"): "您的{k:phrase}账户。谢谢。",
    ("phrase.power", "zh-CN"): "电费",
    ("phrase.water", "zh-CN"): "水费",
}


class FakeVoice:
    name = "fake"
    language = "zh-CN"
    licence = "none"

    def __init__(self, fail: str = "") -> None:
        self.said: list[str] = []
        self.fail = fail

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        self.said.append(text)
        if self.fail and self.fail in text:
            return np.zeros(16000, "f4"), 16000
        t = np.arange(8000) / 16000
        return (0.3 * np.sin(2 * np.pi * 400 * t)).astype("f4"), 16000


def catalogue() -> Catalogue:
    return Catalogue({}, ("zh-CN",)).with_overrides(TEXTS)


def parts(folder: Path, voice: FakeVoice) -> tuple[ClauseStore, Renderer]:
    store = ClauseStore(folder)
    return store, Renderer(store, {"zh-CN": [voice]})


def test_only_what_does_not_depend_on_a_value_is_foreseeable() -> None:
    said = [clause.text for clause in foreseeable(catalogue())]
    assert {"您好。", "请按一。", "您的账单金额一共是", "感谢您的来电。", "谢谢。"} <= set(said)
    assert "共有两条。" in said
    assert not any("元" in text or "费" in text for text in said)
    assert len(said) == len(set(said))


def test_the_phrases_that_flows_use_are_rendered_inside_their_sentence(tmp_path: Path) -> None:
    (tmp_path / "zh-CN.yaml").write_text(
        "kind:\n  text: 您的{k:phrase}账户，应缴{a:money}。\n  phrases: {k: [power, steam]}\n"
        "phrase.power: 电费\nphrase.water: 水费\n",
        encoding="utf-8",
    )
    built = Catalogue.load_folder(tmp_path)
    assert [clause.text for clause in foreseeable(built)] == ["您的电费账户"]
    assert ["phrase.steam" in str(problem) for problem in built.problems()] == [True]


def test_every_bill_and_state_of_the_line_needs_only_its_amount_and_date_rendered() -> None:
    built = Catalogue.load_folder(Path(__file__).parents[2] / "prompts" / "text")
    ahead = {(clause.language, clause.text) for clause in foreseeable(built)}
    values: dict[str, Value] = {"amount": Decimal("73.21"), "due": date(2027, 3, 4)}
    for language in ("zh-CN", "en"):
        for kind in ("electricity", "water", "gas", "heat", "telephone"):
            for state in ("unpaid", "overdue"):
                said = compose(
                    built, "bill_found", language, {**values, "kind": kind, "state": state}
                )
                live = [c.text for c in said if (c.language, c.text) not in ahead]
                assert len(live) == 2, live


def test_progress_counts_to_the_end_and_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    voice = FakeVoice()
    store, renderer = parts(tmp_path, voice)
    seen: list[tuple[int, int]] = []
    first = render_all(catalogue(), store, renderer, lambda d, t, _: seen.append((d, t)))
    assert first.faults == ()
    assert seen == [(at, first.total) for at in range(first.total + 1)]
    said = len(voice.said)
    second = render_all(catalogue(), store, renderer)
    assert (second.rendered, second.skipped) == (0, first.total)
    assert len(voice.said) == said


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    voice = FakeVoice()
    store, renderer = parts(tmp_path, voice)

    def interrupt(done: int, total: int, text: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_all(catalogue(), store, renderer, interrupt)
    report = render_all(catalogue(), store, renderer)
    assert report.skipped == 3
    assert len(voice.said) == report.total


def test_a_clause_that_cannot_be_said_is_reported_and_the_rest_is_rendered(tmp_path: Path) -> None:
    store, renderer = parts(tmp_path, FakeVoice(fail="按一"))
    report = render_all(catalogue(), store, renderer)
    assert len(report.faults) == 1
    assert "请按一" in report.faults[0]
    assert report.rendered == report.total - 1


def test_a_changed_text_renders_only_what_changed(tmp_path: Path) -> None:
    voice = FakeVoice()
    store, renderer = parts(tmp_path, voice)
    render_all(catalogue(), store, renderer)
    voice.said.clear()
    render_all(catalogue().with_overrides({("hello", "zh-CN"): "您好。请按二。"}), store, renderer)
    assert voice.said == ["请按二。"]


def test_the_whole_line_can_be_foreseen_without_a_fault() -> None:
    built = Catalogue.load_folder(Path(__file__).parents[2] / "prompts" / "text")
    clauses = foreseeable(built)
    assert {clause.language for clause in clauses} == {"zh-CN", "en"}
    assert len(clauses) > 150


def test_takes_of_variants_are_rendered_ahead_too() -> None:
    files = {("hello", "zh-CN", ""): Path("m.wav"), ("hello", "zh-CN", "north"): Path("n.wav")}
    built = Catalogue({}, ("zh-CN",)).with_overrides(TEXTS).with_recordings(files)
    takes = {clause.recorded for clause in foreseeable(built)} - {None}
    assert takes == set(files.values())
