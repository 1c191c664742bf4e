"""The matrix of rules and tests, docs/standards.md, says what the tests say."""

import re

from tests.standards import MATRIX, ROOT, TITLES, matrix, shown


def test_the_matrix_is_written_from_the_tests():
    told = "run `python -m tests.standards`"
    assert MATRIX.read_text(encoding="utf-8") == matrix(), told


def test_every_row_names_a_test_that_exists():
    rows = re.findall(
        r"^\| §\S+ \| ([^|]+) \| \[[^]]+\]\(\.\./(\S+)\) \|$",
        MATRIX.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(rows) == len(shown())
    for words, file in rows:
        name = "test_" + words.replace(" ", "_")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), (words, file)


def test_every_standard_of_the_list_has_a_rule_that_is_shown():
    assert set(TITLES) == {one.standard for one in shown()}
