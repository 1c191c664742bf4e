"""What staff write and have not published yet: drafts of call flows, and scenarios that guard them.

A draft belongs to one person and one flow, so that two who edit at once disturb each other only
when they publish, and there the later one is shown both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class FlowDraft(Base):
    """One person's draft of one flow. `position` is the step that is shown: undo goes back."""

    __tablename__ = "flow_drafts"
    __table_args__ = (UniqueConstraint("name", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(64))
    # The revision the draft began from (0: as delivered, or new), and what it said: a later
    # release may deliver another text, and three texts are compared where somebody was faster.
    base: Mapped[int]
    base_text: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FlowDraftStep(Base):
    """A draft after one edit.

    `words`: prompt -> language -> {"text", "base"}: texts of prompts that are published with
    the flow, and the revision each began from.
    """

    __tablename__ = "flow_draft_steps"

    draft_id: Mapped[int] = mapped_column(
        ForeignKey("flow_drafts.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[dict[str, Any]] = mapped_column(JSON)
    # What the edit did, as a word of the editor, and the node or prompt it was done to.
    what: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(130), default="")
    at: Mapped[datetime]


class FlowScenario(Base):
    """A call that must go as it went when it was kept; run before every publish."""

    __tablename__ = "flow_scenarios"
    __table_args__ = (UniqueConstraint("title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    # The flow the call begins in.
    flow: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
