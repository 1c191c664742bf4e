"""Work on records: who works on a complaint and its English reply, tries of call-backs, areas,
drafts, templates and uploads of outage notices, and files of bills with what they replaced."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ivr.records.base import Money, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WORD = sa.String(length=24)
_NAME = sa.String(length=64)


def upgrade() -> None:
    _complaints()
    _call_backs()
    _outages()
    _bills()


def _complaints() -> None:
    op.add_column("complaints", sa.Column("assignee", _NAME, nullable=True))
    op.add_column("complaints", sa.Column("reply_en", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_complaints_department", "complaints", ["department", "state", "created_at"])
    op.create_index("ix_complaints_assignee", "complaints", ["assignee", "state", "created_at"])
    op.create_index("ix_complaints_caller", "complaints", ["caller", "created_at"])
    op.add_column("complaint_events", sa.Column("kind", _WORD, nullable=False, server_default=""))
    for name in ("from_department", "to_department"):
        op.add_column("complaint_events", sa.Column(name, sa.String(length=40), nullable=True))


def _call_backs() -> None:
    op.add_column("call_back_tasks", sa.Column("assignee", _NAME, nullable=True))
    op.add_column("call_back_tasks", sa.Column("promised_at", UtcDateTime(), nullable=True))
    op.create_table(
        "call_back_tries",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "task_id",
            sa.Integer(),
            sa.ForeignKey("call_back_tasks.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", _NAME, nullable=False),
        sa.Column("result", _WORD, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("again_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_call_back_tries_task_id", "call_back_tries", ["task_id"])


def _outages() -> None:
    op.create_table(
        "outage_uploads",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("filename", sa.String(length=100), nullable=False),
        sa.Column("who", _NAME, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", _NAME, nullable=True),
    )
    op.add_column(
        "outages", sa.Column("draft", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # SQLite takes a new column's foreign key only within the column; Alembic writes it apart.
    op.execute(
        "ALTER TABLE outages ADD COLUMN upload_id INTEGER "
        "CONSTRAINT fk_outages_upload_id_outage_uploads REFERENCES outage_uploads (id)"
    )
    op.create_index("ix_outages_upload_id", "outages", ["upload_id"])
    op.create_table(
        "outage_areas",
        sa.Column(
            "outage_id",
            sa.Integer(),
            sa.ForeignKey("outages.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("area_code", sa.String(length=8), sa.ForeignKey("areas.code"), primary_key=True),
    )
    op.create_index("ix_outage_areas_area_code", "outage_areas", ["area_code"])
    templates = op.create_table(
        "outage_templates",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("updated_by", _NAME, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
    )
    op.bulk_insert(
        templates,
        [
            {
                **dict(zip(("kind", "name_zh", "name_en", "text_zh", "text_en"), row, strict=True)),
                "updated_by": "line",
                "updated_at": datetime(2026, 11, 22, tzinfo=UTC),
            }
            for row in _TEMPLATES
        ],
    )


_TEMPLATES = (
    (
        *("electricity", "计划停电", "Planned power cut"),
        "因{原因}，{区域}将于{开始}至{结束}停电，请提前做好准备。",
        "For {reason}, power will be off in {area} from {from} until {to}. Please prepare.",
    ),
    (
        *("electricity", "故障停电", "Power failure"),
        "{区域}因{原因}停电，正在抢修，预计{结束}恢复供电。",
        "Power is off in {area}: {reason}. Repairs are under way and should end by {to}.",
    ),
    (
        *("water", "计划停水", "Planned water cut"),
        "因{原因}，{区域}将于{开始}至{结束}停水，请提前储水。",
        "For {reason}, water will be off in {area} from {from} until {to}. Please store some.",
    ),
    (
        *("water", "管道抢修停水", "Burst main"),
        "{区域}因{原因}停水，正在抢修，预计{结束}恢复供水。",
        "Water is off in {area}: {reason}. Repairs are under way and should end by {to}.",
    ),
    (
        *("gas", "燃气停供", "Gas cut"),
        "因{原因}，{区域}将于{开始}至{结束}停供燃气，请关好阀门，注意安全。",
        "For {reason}, gas will be off in {area} from {from} until {to}. Please close your valves.",
    ),
    (
        *("heat", "停暖", "Heating interrupted"),
        "{区域}因{原因}停暖，预计{结束}恢复供暖，请注意保暖。",
        "Heating is off in {area}: {reason}. It should be back by {to}. Please keep warm.",
    ),
    (
        *("telephone", "电话中断", "Telephone service interrupted"),
        "{区域}因{原因}电话中断，预计{结束}恢复。",
        "Telephones are out of order in {area}: {reason}. Service should be back by {to}.",
    ),
)


def _bills() -> None:
    numbers = ("lines", "good", "wrong", "new", "changed", "unchanged", "missing", "done")
    op.create_table(
        "bill_imports",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("filename", sa.String(length=100), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("who", _NAME, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("all_or_nothing", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in numbers),
        sa.Column("stored_at", UtcDateTime(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", _NAME, nullable=True),
        sa.Column("beat_at", UtcDateTime(), nullable=True),
        sa.Column("fault", sa.JSON(), nullable=True),
    )
    op.create_index("ix_bill_imports_state", "bill_imports", ["state"])
    of_import = "bill_imports.id"
    op.create_table(
        "bill_import_lines",
        sa.Column(
            "import_id",
            sa.Integer(),
            sa.ForeignKey(of_import, ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("query_code_hash", sa.String(length=200), nullable=True),
        sa.Column("change", _WORD, nullable=True),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("new_account", sa.Boolean(), nullable=False),
        sa.Column("before_amount", Money(), nullable=True),
        sa.Column("before_due_on", sa.Date(), nullable=True),
        sa.Column("before_state", _WORD, nullable=True),
        sa.Column("before_holder", sa.String(length=80), nullable=True),
        sa.Column("before_code_hash", sa.String(length=200), nullable=True),
    )
    op.create_index(
        "ix_bill_import_lines_account", "bill_import_lines", ["import_id", "account", "period"]
    )
    op.create_table(
        "bill_import_problems",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "import_id",
            sa.Integer(),
            sa.ForeignKey(of_import, ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", _WORD, nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
    )
    op.create_index(
        "ix_bill_import_problems_import_id", "bill_import_problems", ["import_id", "line"]
    )
    op.create_table(
        "bill_mappings",
        sa.Column("source", sa.String(length=80), primary_key=True),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("updated_by", _NAME, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("bill_mappings")
    op.drop_table("bill_import_problems")
    op.drop_table("bill_import_lines")
    op.drop_table("bill_imports")
    op.drop_table("outage_templates")
    op.drop_table("outage_areas")
    op.drop_index("ix_outages_upload_id", table_name="outages")
    # SQLite does not tell the name of a reference that came with its column.
    names = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
    with op.batch_alter_table("outages", naming_convention=names) as batch:
        batch.drop_constraint("fk_outages_upload_id_outage_uploads", type_="foreignkey")
        batch.drop_column("upload_id")
        batch.drop_column("draft")
    op.drop_table("outage_uploads")
    op.drop_table("call_back_tries")
    op.drop_column("call_back_tasks", "promised_at")
    op.drop_column("call_back_tasks", "assignee")
    for name in ("to_department", "from_department", "kind"):
        op.drop_column("complaint_events", name)
    for name in ("caller", "assignee", "department"):
        op.drop_index(f"ix_complaints_{name}", table_name="complaints")
    op.drop_column("complaints", "reply_en")
    op.drop_column("complaints", "assignee")
