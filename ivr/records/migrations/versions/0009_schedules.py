"""Schedules with their calendar, and emergency announcements.

The schedule `office`, which the flow to a person asks, is there from the start and always
open: nothing changes for callers until staff enter hours.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schedules = op.create_table(
        "schedules",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("weekly", sa.JSON(), nullable=False),
        sa.Column("working_day", sa.Integer(), nullable=False),
        sa.Column("follows_calendar", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_schedules")),
    )
    op.bulk_insert(
        schedules,
        [
            {
                "code": "office",
                "name_zh": "人工服务",
                "name_en": "People at the desk",
                "weekly": ["00:00-24:00"] * 7,
                "working_day": 0,
                "follows_calendar": False,
                "revision": 1,
                "updated_by": "",
                "updated_at": datetime.now(UTC),
            }
        ],
    )
    op.create_table(
        "calendar_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.String(length=64), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hours", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule"], ["schedules.code"], name=op.f("fk_calendar_days_schedule_schedules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_days")),
    )
    op.create_index("ix_calendar_days_last_day", "calendar_days", ["last_day"])
    op.create_table(
        "schedule_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.String(length=64), nullable=True),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_changes")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("words_zh", sa.Text(), nullable=False),
        sa.Column("words_en", sa.Text(), nullable=False),
        sa.Column("prompt", sa.String(length=64), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("manner", sa.String(length=24), nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("begun_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_ends_at", "announcements", ["ends_at"])


def downgrade() -> None:
    op.drop_table("announcements")
    op.drop_table("schedule_changes")
    op.drop_table("calendar_days")
    op.drop_table("schedules")
