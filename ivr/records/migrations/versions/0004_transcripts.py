"""What a recogniser made of a recording, and what staff made of that."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("recording_id", sa.String(length=32), nullable=False),
        sa.Column("state", _words("transcriptstate", *_STATES), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("written_at", UtcDateTime(), nullable=True),
        sa.Column("fault", _words("transcriptfault", *_FAULTS), nullable=True),
        sa.Column("fault_detail", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("engine", sa.String(length=80), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("machine_text", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_transcripts_recording_id_recordings")
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_transcripts")),
    )
    op.create_index("ix_transcripts_state_asked_at", "transcripts", ["state", "asked_at"])
    op.create_table(
        "transcript_edits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["transcripts.recording_id"],
            name=op.f("fk_transcript_edits_recording_id_transcripts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_edits")),
    )
    op.create_index("ix_transcript_edits_recording_id", "transcript_edits", ["recording_id"])


def downgrade() -> None:
    op.drop_table("transcript_edits")
    op.drop_table("transcripts")


_STATES = ("waiting", "writing", "done", "silent", "failed")
_FAULTS = (
    *("file_missing", "unreadable", "too_long", "took_too_long"),
    *("recogniser_ended", "interrupted"),
)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, length=24)
