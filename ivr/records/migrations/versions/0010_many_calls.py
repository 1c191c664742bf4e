"""Ten million calls: numbers by their last four digits, calls in progress and places by indexes;
a million complaints: sums of their days.

What no search leads with any more goes: an index over two languages, and one over ends. Each
index costs each call a page written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RUNNING = sa.text("ended_at IS NULL")
_KEPT = sa.text("state <> 'purged'")


def _end(column: str) -> sa.TextClause:
    return sa.text(f"substr({column}, length({column}) - 3)")


def upgrade() -> None:
    op.drop_index("ix_calls_language_started_at", "calls")
    op.drop_index("ix_calls_ended_at", "calls")
    op.create_index("ix_calls_caller_end", "calls", [_end("caller"), "started_at"])
    op.create_index("ix_calls_last_place_started_at", "calls", ["last_place", "started_at"])
    op.create_index(
        "ix_calls_running",
        "calls",
        ["started_at"],
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
    op.create_index("ix_complaints_caller_end", "complaints", [_end("caller"), "created_at"])
    op.create_index("ix_complaints_callback", "complaints", ["callback_number", "created_at"])
    op.create_index(
        "ix_complaints_callback_end", "complaints", [_end("callback_number"), "created_at"]
    )
    op.create_index("ix_call_back_tasks_state_done_at", "call_back_tasks", ["state", "done_at"])
    op.create_index(
        "ix_recordings_kept",
        "recordings",
        ["created_at"],
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )
    op.create_index("ix_complaint_events_to_state_at", "complaint_events", ["to_state", "at"])
    op.create_table(
        "complaint_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "category", "area", "state", name=op.f("pk_complaint_days")),
    )


def downgrade() -> None:
    op.drop_table("complaint_days")
    op.drop_index("ix_complaint_events_to_state_at", "complaint_events")
    op.drop_index("ix_recordings_kept", "recordings")
    op.drop_index("ix_call_back_tasks_state_done_at", "call_back_tasks")
    for name in ("callback_end", "callback", "caller_end"):
        op.drop_index(f"ix_complaints_{name}", "complaints")
    for name in ("running", "last_place_started_at", "caller_end"):
        op.drop_index(f"ix_calls_{name}", "calls")
    op.create_index("ix_calls_ended_at", "calls", ["ended_at"])
    op.create_index("ix_calls_language_started_at", "calls", ["language", "started_at"])
