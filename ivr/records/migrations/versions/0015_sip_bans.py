"""Sources that are banned, and networks that never are."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sip_bans",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_sip_bans")),
    )
    op.create_index(op.f("ix_sip_bans_until"), "sip_bans", ["until"])
    op.create_table(
        "exempt_networks",
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_exempt_networks")),
    )


def downgrade() -> None:
    op.drop_table("exempt_networks")
    op.drop_index(op.f("ix_sip_bans_until"), "sip_bans")
    op.drop_table("sip_bans")
