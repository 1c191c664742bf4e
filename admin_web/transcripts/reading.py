"""Who read what citizens said: noted like a recording that is heard, once in a while a record."""

from __future__ import annotations

from collections.abc import Collection

from flask_login import current_user

from admin_web.desk import desk
from ivr.services import audit


def words_read(records: Collection[str]) -> None:
    """Write down that whoever is signed in saw the words of ``records``."""
    if not records:
        return
    with desk().database.begin() as session:
        for record in records:
            audit.record_once(
                session,
                who=current_user.username,
                what="transcript_read",
                record=record,
                now=desk().now(),
            )
