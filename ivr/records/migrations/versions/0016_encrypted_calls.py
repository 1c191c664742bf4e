"""A call's record says whether its signalling and its sound were encrypted; None: not known."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("signalling", sa.String(8), nullable=True))
    op.add_column("calls", sa.Column("sound_encrypted", sa.Boolean(), nullable=True))


def downgrade() -> None:
    # Not by copying ten million calls: SQLite drops a column by itself since 3.35.
    op.drop_column("calls", "sound_encrypted")
    op.drop_column("calls", "signalling")
