"""Tokens have a role, scopes and an end; complaints are found by when they last changed."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What every token could do before there were scopes.
_FORMER = "calls:read complaints:read"


def upgrade() -> None:
    with op.batch_alter_table("api_tokens") as batch:
        batch.add_column(
            sa.Column("role", sa.String(24), nullable=False, server_default="supervisor")
        )
        batch.add_column(
            sa.Column("scopes", sa.String(500), nullable=False, server_default=_FORMER)
        )
        batch.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("last_used_from", sa.String(64), nullable=True))
        batch.add_column(sa.Column("department", sa.String(40), nullable=True))
        batch.create_foreign_key(
            "fk_api_tokens_department_departments", "departments", ["department"], ["code"]
        )
    with op.batch_alter_table("api_tokens") as batch:
        batch.alter_column("role", server_default=None)
        batch.alter_column("scopes", server_default=None)
    op.create_index("ix_complaints_updated_at_ticket", "complaints", ["updated_at", "ticket"])


def downgrade() -> None:
    op.drop_index("ix_complaints_updated_at_ticket", "complaints")
    with op.batch_alter_table("api_tokens") as batch:
        batch.drop_constraint("fk_api_tokens_department_departments", type_="foreignkey")
        for column in ("department", "last_used_from", "expires_at", "scopes", "role"):
            batch.drop_column(column)
