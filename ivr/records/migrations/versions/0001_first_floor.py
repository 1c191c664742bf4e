"""The first floor: every table of the line, and the default procedure for complaints."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import Money, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "electricity",
                "water",
                "gas",
                "heat",
                "telephone",
                name="utilitykind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("query_code_hash", sa.String(length=200), nullable=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_accounts")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "areas",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_areas")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_index("ix_audit_log_record", "audit_log", ["record"], unique=False)
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("caller", sa.String(length=128), nullable=False),
        sa.Column("caller_name", sa.String(length=128), nullable=False),
        sa.Column("called", sa.String(length=128), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=True),
        sa.Column("remote", sa.String(length=128), nullable=False),
        sa.Column("sip_call_id", sa.String(length=256), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("flow", sa.String(length=64), nullable=True),
        sa.Column("flow_revision", sa.Integer(), nullable=True),
        sa.Column(
            "ended_by",
            sa.Enum(
                "caller",
                "line",
                "transfer",
                "silence",
                "error",
                "crash",
                name="endedby",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("end_reason", sa.String(length=200), nullable=False),
        sa.Column("self_served", sa.Boolean(), nullable=True),
        sa.Column("packets_sent", sa.Integer(), nullable=True),
        sa.Column("packets_received", sa.Integer(), nullable=True),
        sa.Column("packets_lost", sa.Integer(), nullable=True),
        sa.Column("jitter_ms", sa.Double(), nullable=True),
        sa.Column("remote_packets_lost", sa.Integer(), nullable=True),
        sa.Column("remote_jitter_ms", sa.Double(), nullable=True),
        sa.Column("round_trip_ms", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_called_started_at", "calls", ["called", "started_at"], unique=False)
    op.create_index("ix_calls_caller_started_at", "calls", ["caller", "started_at"], unique=False)
    op.create_index("ix_calls_ended_at", "calls", ["ended_at"], unique=False)
    op.create_index(
        "ix_calls_ended_by_started_at", "calls", ["ended_by", "started_at"], unique=False
    )
    op.create_index(
        "ix_calls_language_started_at", "calls", ["language", "started_at"], unique=False
    )
    op.create_index("ix_calls_started_at_id", "calls", ["started_at", "id"], unique=False)
    op.create_table(
        "complaint_transitions",
        sa.Column(
            "from_state",
            sa.Enum(
                "received",
                "assigned",
                "handling",
                "replied",
                "closed",
                "rejected",
                name="complaintstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "received",
                "assigned",
                "handling",
                "replied",
                "closed",
                "rejected",
                name="complaintstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("needs_note", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("pk_complaint_transitions")),
    )
    op.create_table(
        "departments",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_departments")),
    )
    op.create_table(
        "flow_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_revisions")),
        sa.UniqueConstraint("name", "revision", name=op.f("uq_flow_revisions_name_revision")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "numbers",
        sa.Column("called", sa.String(length=128), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("called", name=op.f("pk_numbers")),
    )
    op.create_table(
        "prompt_recordings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_recordings")),
        sa.UniqueConstraint(
            "prompt",
            "language",
            "revision",
            name=op.f("uq_prompt_recordings_prompt_language_revision"),
        ),
    )
    op.create_table(
        "prompt_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_revisions")),
        sa.UniqueConstraint(
            "prompt",
            "language",
            "revision",
            name=op.f("uq_prompt_revisions_prompt_language_revision"),
        ),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "administrator", "editor", "supervisor", name="role", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("last_sign_in_at", UtcDateTime(), nullable=True),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "ticket_counters",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ticket_counters")),
    )
    op.create_table(
        "trunks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("register_state", sa.String(length=24), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trunks")),
    )
    op.create_table(
        "bills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("amount", Money(precision=12, scale=2), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("unpaid", "paid", name="billstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.number"],
            name=op.f("fk_bills_account_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bills")),
        sa.UniqueConstraint("account", "period", name=op.f("uq_bills_account_period")),
    )
    op.create_index("ix_bills_state_due_on", "bills", ["state", "due_on"], unique=False)
    op.create_table(
        "call_steps",
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("digits", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_steps_call_id_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_call_steps")),
    )
    op.create_table(
        "complaint_categories",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=True),
        sa.Column("reply_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department"],
            ["departments.code"],
            name=op.f("fk_complaint_categories_department_departments"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_complaint_categories")),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "electricity",
                "water",
                "gas",
                "heat",
                "telephone",
                name="utilitykind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sa.String(length=8), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_to", UtcDateTime(), nullable=True),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"], ["areas.code"], name=op.f("fk_outages_area_code_areas")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index("ix_outages_area_code", "outages", ["area_code"], unique=False)
    op.create_index(
        "ix_outages_ended_at_valid_from", "outages", ["ended_at", "valid_from"], unique=False
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("complaint", "message", name="recordingkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "recording",
                "complete",
                "unfinished",
                "failed",
                name="recordingstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_recordings_call_id_calls")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("path", name=op.f("uq_recordings_path")),
    )
    op.create_index("ix_recordings_call_id", "recordings", ["call_id"], unique=False)
    op.create_index("ix_recordings_state", "recordings", ["state"], unique=False)
    op.create_table(
        "call_back_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=True),
        sa.Column("recording_id", sa.String(length=32), nullable=True),
        sa.Column("number", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "done", name="callbackstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_back_tasks_call_id_calls")
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name=op.f("fk_call_back_tasks_recording_id_recordings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back_tasks")),
    )
    op.create_index("ix_call_back_tasks_call_id", "call_back_tasks", ["call_id"], unique=False)
    op.create_index(
        "ix_call_back_tasks_recording_id", "call_back_tasks", ["recording_id"], unique=False
    )
    op.create_index(
        "ix_call_back_tasks_state_created_at",
        "call_back_tasks",
        ["state", "created_at"],
        unique=False,
    )
    op.create_table(
        "complaints",
        sa.Column("ticket", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "assigned",
                "handling",
                "replied",
                "closed",
                "rejected",
                name="complaintstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("call_id", sa.String(length=32), nullable=True),
        sa.Column("recording_id", sa.String(length=32), nullable=True),
        sa.Column("caller", sa.String(length=128), nullable=False),
        sa.Column("callback_number", sa.String(length=128), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("department", sa.String(length=40), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_complaints_call_id_calls")
        ),
        sa.ForeignKeyConstraint(
            ["department"], ["departments.code"], name=op.f("fk_complaints_department_departments")
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_complaints_recording_id_recordings")
        ),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_complaints")),
    )
    op.create_index("ix_complaints_call_id", "complaints", ["call_id"], unique=False)
    op.create_index(
        "ix_complaints_created_at_ticket", "complaints", ["created_at", "ticket"], unique=False
    )
    op.create_index("ix_complaints_recording_id", "complaints", ["recording_id"], unique=False)
    op.create_index(
        "ix_complaints_state_created_at", "complaints", ["state", "created_at"], unique=False
    )
    op.create_table(
        "complaint_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(
                "received",
                "assigned",
                "handling",
                "replied",
                "closed",
                "rejected",
                name="complaintstate",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "received",
                "assigned",
                "handling",
                "replied",
                "closed",
                "rejected",
                name="complaintstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["complaints.ticket"], name=op.f("fk_complaint_events_ticket_complaints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_events")),
    )
    op.create_index("ix_complaint_events_ticket", "complaint_events", ["ticket"], unique=False)
    _fill(op.get_bind())


def _fill(connection) -> None:
    """What a complaint can be about, who answers it, and which state may follow which."""
    for name, rows in (
        ("departments", DEPARTMENTS),
        ("complaint_categories", CATEGORIES),
        ("complaint_transitions", TRANSITIONS),
    ):
        columns = list(rows[0])
        table = sa.table(name, *(sa.column(column) for column in columns))
        connection.execute(sa.insert(table), list(rows))


DEPARTMENTS = [
    {"code": code, "name_zh": zh, "name_en": en}
    for code, zh, en in (
        ("service_centre", "市民服务中心", "Citizen Service Centre"),
        ("public_utilities", "公用事业局", "Public Utilities Bureau"),
        ("urban_management", "城市管理局", "Urban Management Bureau"),
        ("environment", "生态环境局", "Ecology and Environment Bureau"),
        ("market_regulation", "市场监督管理局", "Market Regulation Bureau"),
        ("supervision_office", "效能监督办公室", "Office of Administrative Supervision"),
    )
]

# Position is the key on the telephone.
CATEGORIES = [
    {
        "code": code,
        "position": position,
        "name_zh": zh,
        "name_en": en,
        "department": department,
        "reply_days": days,
    }
    for position, code, zh, en, department, days in (
        (1, "utilities", "水电气热", "Water, power, gas and heat", "public_utilities", 3),
        (2, "roads", "道路交通", "Roads and traffic", "urban_management", 7),
        (3, "environment", "环境卫生与噪声", "Environment and noise", "environment", 7),
        (4, "prices", "物价与消费", "Prices and shopping", "market_regulation", 7),
        (5, "offices", "机关效能与作风", "Conduct of public offices", "supervision_office", 15),
        (6, "other", "其他", "Other matters", "service_centre", 15),
    )
]

TRANSITIONS = [
    {"from_state": before, "to_state": after, "needs_note": note}
    for before, after, note in (
        ("received", "assigned", False),
        ("received", "handling", False),
        ("received", "rejected", True),
        ("assigned", "received", True),
        ("assigned", "handling", False),
        ("assigned", "replied", True),
        ("handling", "assigned", True),
        ("handling", "replied", True),
        ("replied", "handling", True),
        ("replied", "closed", False),
        ("closed", "handling", True),
        ("rejected", "received", True),
    )
]
