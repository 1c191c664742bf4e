"""What supervisors need: outcomes of calls and their sums, gaps, notes, saved searches; and for
complaints an area, confidentiality and what a duplicate was merged into."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNCOUNTED = sa.text("outcome IS NULL AND ended_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("calls", sa.Column("person_at", UtcDateTime(), nullable=True))
    op.add_column("calls", sa.Column("person_wait_s", sa.Double(), nullable=True))
    op.add_column("calls", sa.Column("outcome", sa.String(length=24), nullable=True))
    op.add_column("calls", sa.Column("last_place", sa.String(length=130), nullable=True))
    op.create_index("ix_calls_outcome_started_at", "calls", ["outcome", "started_at"])
    op.create_index(
        "ix_calls_uncounted",
        "calls",
        ["ended_at"],
        sqlite_where=_UNCOUNTED,
        postgresql_where=_UNCOUNTED,
    )
    # SQLite takes a new column's foreign key only within the column; Alembic writes it apart.
    for column, length, other in (("area", 8, "areas"), ("merged_into", 16, "complaints")):
        key = "code" if other == "areas" else "ticket"
        op.execute(
            f"ALTER TABLE complaints ADD COLUMN {column} VARCHAR({length}) "
            f"CONSTRAINT fk_complaints_{column}_{other} REFERENCES {other} ({key})"
        )
    op.add_column(
        "complaints",
        sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_complaints_merged_into", "complaints", ["merged_into"])
    op.create_index(
        "ix_complaints_figures", "complaints", ["created_at", "category", "area", "state"]
    )
    op.create_index("ix_complaints_area", "complaints", ["area", "state", "created_at"])
    op.create_index("ix_complaints_state_deadline", "complaints", ["state", "deadline"])
    op.create_table(
        "call_hours",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("called", sa.String(length=128), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (
                *("calls", "answered", "answered_in_time", "person", "self_served", "message"),
                *("abandoned", "fault", "unanswered", "person_timed", "person_in_time"),
            )
        ),
        sa.Column("person_wait_s", sa.Double(), nullable=False),
        sa.Column("talk_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("day", "hour", "called", "flow", name=op.f("pk_call_hours")),
    )
    op.create_table(
        "step_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("called", sa.String(length=128), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("day", "called", "entry", "flow", "node", "kind", "outcome"),
            name=op.f("pk_step_days"),
        ),
    )
    op.create_table(
        "line_gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_gaps")),
    )
    op.create_index("ix_line_gaps_process_until", "line_gaps", ["process", "until"])
    op.execute(
        "INSERT INTO line_gaps (process, since, until, kind) "
        "SELECT process, at, at, 'first' FROM heartbeats"
    )
    op.create_table(
        "call_places",
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_call_places")),
    )
    op.create_table(
        "call_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_call_notes_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_notes")),
    )
    op.create_index("ix_call_notes_call_id", "call_notes", ["call_id"])
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=24), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index("ix_saved_searches_page_owner", "saved_searches", ["page", "owner"])


def downgrade() -> None:
    for table in (
        *("saved_searches", "call_notes", "call_places", "line_gaps", "step_days", "call_hours"),
    ):
        op.drop_table(table)
    for name in ("state_deadline", "area", "figures", "merged_into"):
        op.drop_index(f"ix_complaints_{name}", "complaints")
    if op.get_bind().dialect.name == "sqlite":
        # SQLite drops no column with a foreign key, and making the table anew would break the
        # keys of others that point to it; so the two constraints leave the schema's text first
        # (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Schema Changes").
        op.execute("PRAGMA writable_schema = ON")
        for column, key in (("area", "areas (code)"), ("merged_into", "complaints (ticket)")):
            clause = f" CONSTRAINT fk_complaints_{column}_{key.split()[0]} REFERENCES {key}"
            op.execute(
                f"UPDATE sqlite_master SET sql = replace(sql, '{clause}', '') "
                "WHERE type = 'table' AND name = 'complaints'"
            )
        op.execute("PRAGMA writable_schema = RESET")
    for name in ("confidential", "merged_into", "area"):
        op.drop_column("complaints", name)
    op.drop_index("ix_calls_uncounted", "calls")
    op.drop_index("ix_calls_outcome_started_at", "calls")
    for name in ("last_place", "outcome", "person_wait_s", "person_at"):
        op.drop_column("calls", name)
