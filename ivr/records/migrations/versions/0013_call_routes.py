"""Calls are found by the nodes they went through: each distinct set of nodes once, a number a call.

Calls of before are given theirs afterwards, by the desk's counting (`ivr.services.call_routes`):
ten million at once would hold the line up for minutes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
        sa.UniqueConstraint("digest", name=op.f("uq_routes_digest")),
    )
    op.create_table(
        "route_places",
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("flow", sa.String(64), nullable=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"],
            ["routes.id"],
            name=op.f("fk_route_places_route_id_routes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "route_id", "flow", "node", "outcome", name=op.f("pk_route_places")
        ),
    )
    op.create_index("ix_route_places_node", "route_places", ["node", "flow", "outcome"])
    op.add_column("calls", sa.Column("route_id", sa.Integer(), nullable=True))
    op.create_index("ix_calls_route_id_started_at", "calls", ["route_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_calls_route_id_started_at", "calls")
    # Not by copying ten million calls: SQLite drops a column by itself since 3.35.
    op.drop_column("calls", "route_id")
    op.drop_table("route_places")
    op.drop_table("routes")
