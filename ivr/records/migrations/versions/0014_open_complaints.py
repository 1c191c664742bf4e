"""Open complaints in the order they are worked through, with what their counts ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('received', 'assigned', 'handling')")


def upgrade() -> None:
    op.create_index(
        "ix_complaints_open",
        "complaints",
        ["deadline", "created_at", "ticket", "department", "state", "assignee", "confidential"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_index("ix_complaints_open", "complaints")
