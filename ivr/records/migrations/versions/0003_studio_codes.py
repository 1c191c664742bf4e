"""Codes with which staff record prompts by telephone."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "studio_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("selector", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_studio_codes_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studio_codes")),
        sa.UniqueConstraint("staff_id", name=op.f("uq_studio_codes_staff_id")),
        sa.UniqueConstraint("selector", name=op.f("uq_studio_codes_selector")),
    )
    op.create_table(
        "studio_callers",
        sa.Column("caller", sa.String(length=128), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("last_wrong_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_studio_callers")),
    )
    op.create_index("ix_studio_callers_last_wrong_at", "studio_callers", ["last_wrong_at"])


def downgrade() -> None:
    op.drop_index("ix_studio_callers_last_wrong_at", "studio_callers")
    op.drop_table("studio_callers")
    op.drop_table("studio_codes")
