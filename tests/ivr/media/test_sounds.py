"""Clauses cross to the media process once."""

from ivr.media.sounds import Sounds


def test_a_sound_crosses_once_and_goes_by_its_number() -> None:
    said: list[tuple[object, ...]] = []
    sounds = Sounds(lambda *words: said.append(words))
    first = sounds.numbers([b"one", b"two"])
    assert sounds.numbers([b"two", b"one"]) == (first[1], first[0])
    assert said == [("keep_sound", first[0], b"one"), ("keep_sound", first[1], b"two")]


def test_what_was_not_played_for_longest_is_forgotten_first() -> None:
    said: list[tuple[object, ...]] = []
    sounds = Sounds(lambda *words: said.append(words), most=20)
    one, two = sounds.numbers([bytes(10), b"x" * 10])
    sounds.trim()
    sounds.numbers([bytes(10)])  # played again: the other is the older now
    sounds.numbers([b"y" * 10])
    sounds.trim()
    assert said[-1] == ("forget_sound", two)
    assert sounds.numbers([bytes(10)]) == (one,)
    assert sounds.numbers([b"x" * 10]) != (two,)


def test_a_sound_larger_than_all_there_is_room_for_is_kept_until_it_has_been_used() -> None:
    said: list[tuple[object, ...]] = []
    sounds = Sounds(lambda *words: said.append(words), most=5)
    (number,) = sounds.numbers([b"too long"])
    assert said == [("keep_sound", number, b"too long")]
    sounds.trim()
    assert said[-1] == ("forget_sound", number)


def test_a_new_process_gets_everything_again() -> None:
    said: list[tuple[object, ...]] = []
    sounds = Sounds(lambda *words: said.append(words))
    sounds.numbers([b"one"])
    sounds.clear()
    sounds.numbers([b"one"])
    assert [words[0] for words in said] == ["keep_sound", "keep_sound"]
