"""The mark that all is rendered holds only while nothing that matters has changed."""

from ivr.rendered_mark import is_complete, note_complete
from ivr.settings import load


def test_the_mark_holds_until_the_voices_or_the_clauses_change(tmp_path):
    settings = load({"IVR_STATE_DIR": str(tmp_path)}, tmp_path)
    assert not is_complete(settings)
    settings.clauses_dir.mkdir()
    note_complete(settings)
    assert is_complete(settings)
    other = load({"IVR_STATE_DIR": str(tmp_path), "IVR_VOICE_EN": "espeak"}, tmp_path)
    assert not is_complete(other)
    (settings.clauses_dir / "complete").unlink()
    assert not is_complete(settings)
