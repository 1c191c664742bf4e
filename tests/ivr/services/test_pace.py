"""Long work takes as much at once as others can wait for."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.services.pace import Pace


def test_transactions_grow_and_shrink_to_the_time_they_may_take():
    pace = Pace(50, least=5, most=200, aim_s=0.02)
    pace.took(0.1, 50)  # 2 ms a record
    assert pace.size == 10
    pace.took(0.001, 10)  # 0.1 ms a record: twice as many at most
    assert pace.size == 20
    for _ in range(9):
        pace.took(0.0001 * pace.size, pace.size)
    assert pace.size == 200


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 1000)), max_size=30))
def test_there_is_always_something_to_do_and_never_too_much(runs):
    pace = Pace(50)
    for seconds, records in runs:
        pace.took(seconds, records)
        assert pace.least <= pace.size <= pace.most


def test_the_last_few_say_nothing_of_many():
    pace = Pace(100)
    pace.took(5.0, 1)
    assert pace.size == 100
