"""Prompts as staff see them: takes with who, how and why; variants; numbers; prompts of staff."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD = "uq_prompt_recordings_prompt_language_revision"
_NEW = "uq_prompt_recordings_prompt_language_variant_revision"


def upgrade() -> None:
    with op.batch_alter_table("prompt_recordings") as table:
        table.add_column(_text("variant", 32))
        table.add_column(sa.Column("seconds", sa.Double(), nullable=True))
        table.add_column(
            sa.Column("source", sa.String(length=24), nullable=False, server_default="upload")
        )
        table.add_column(_text("speaker", 80))
        table.add_column(_text("reason", 500))
        table.add_column(_text("withdrawn_by", 64))
        table.add_column(_text("withdrawn_why", 500))
        table.drop_constraint(op.f(_OLD), type_="unique")
        table.create_unique_constraint(op.f(_NEW), ["prompt", "language", "variant", "revision"])
    op.create_table(
        "prompt_variants",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_prompt_variants")),
    )
    op.create_table(
        "prompt_numbers",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompt", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_prompt_numbers")),
        sa.UniqueConstraint("prompt", name=op.f("uq_prompt_numbers_prompt")),
    )
    op.create_table(
        "added_prompts",
        sa.Column("prompt", sa.String(length=64), nullable=False),
        _text("note", 500),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        _text("deleted_by", 64),
        sa.PrimaryKeyConstraint("prompt", name=op.f("pk_added_prompts")),
    )


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default="")


def downgrade() -> None:
    for table_name in ("added_prompts", "prompt_numbers", "prompt_variants"):
        op.drop_table(table_name)
    # The first floor knew no variants: their takes would be played in place of the language's.
    op.execute("DELETE FROM prompt_recordings WHERE variant != ''")
    with op.batch_alter_table("prompt_recordings") as table:
        table.drop_constraint(op.f(_NEW), type_="unique")
        table.create_unique_constraint(op.f(_OLD), ["prompt", "language", "revision"])
        for column in (
            "withdrawn_why",
            "withdrawn_by",
            "reason",
            "speaker",
            "source",
            "seconds",
            "variant",
        ):
            table.drop_column(column)
