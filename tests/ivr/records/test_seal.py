from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ivr.records.seal import NOTHING_BEFORE, as_kept, seal

AT = datetime(2026, 11, 22, 8, 0, 0, 5, tzinfo=UTC)
ENTRY = {
    "entry_id": 7,
    "at": AT,
    "who": "li.na",
    "what": "complaint_opened",
    "record": "202611220001",
    "detail": {"to": "已派单", "fields": "a"},
}


def test_the_form_of_a_seal_never_changes():
    # Computed apart from this code; entries sealed by it are kept for years.
    assert seal(NOTHING_BEFORE, **ENTRY) == (
        "623874fccf3626f44e4a609b98bf06e5b8ad3bdeee58b8cf11398ec2cb048efa"
    )


def test_the_zone_and_the_order_of_keys_do_not_matter_and_every_value_does():
    sealed = seal(NOTHING_BEFORE, **ENTRY)
    there = AT.astimezone(timezone(timedelta(hours=8)))
    assert seal(NOTHING_BEFORE, **{**ENTRY, "at": there}) == sealed
    turned = dict(reversed(ENTRY["detail"].items()))
    assert seal(NOTHING_BEFORE, **{**ENTRY, "detail": turned}) == sealed
    others = {
        "entry_id": 8,
        "at": AT + timedelta(microseconds=1),
        "who": "li.nb",
        "what": "complaint_open",
        "record": "d202611220001",
        "detail": None,
    }
    seals = {seal(NOTHING_BEFORE, **{**ENTRY, name: value}) for name, value in others.items()}
    assert len(seals | {sealed, seal("1" * 64, **ENTRY)}) == len(others) + 2


texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(texts, json_values, max_size=3), texts, texts)
def test_no_two_entries_are_written_the_same_way(detail, who, what):
    """A blank moved from one column to the next, or a quote in a name, is another entry."""
    kept = as_kept(detail)
    one = {**ENTRY, "detail": kept, "who": who, "what": what}
    assert seal("0", **one) == seal("0", **{**one, "detail": as_kept(kept)})
    if who != what:
        assert seal("0", **one) != seal("0", **{**one, "who": what, "what": who})
    assert seal("0", **one) != seal("0", **{**one, "who": who + what, "what": "+"})
