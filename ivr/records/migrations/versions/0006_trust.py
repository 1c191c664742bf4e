"""Second factors, sessions, a chained audit log, retention."""

import sqlalchemy as sa
from alembic import op

from ivr.records.base import UtcDateTime
from ivr.records.seal import NOTHING_BEFORE, seal

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 1000

# The database refuses to change the log, whoever asks: a slip in our code, or a hand at the
# prompt. SQLite's REPLACE removes a row without asking the trigger on DELETE: hence that on INSERT.
SQLITE = {
    "audit_log_unchanged": (
        "BEFORE UPDATE ON audit_log",
        "",
        "audit entries are never changed",
    ),
    "audit_log_kept": (
        "BEFORE DELETE ON audit_log",
        "WHEN NOT EXISTS (SELECT 1 FROM audit_anchors WHERE up_to >= OLD.id)",
        "audit entries are removed only by the purge",
    ),
    "audit_log_in_order": (
        "BEFORE INSERT ON audit_log",
        "WHEN EXISTS (SELECT 1 FROM audit_log WHERE id >= NEW.id)",
        "audit entries are only added at the end",
    ),
    "audit_anchors_unchanged": (
        "BEFORE UPDATE ON audit_anchors",
        "",
        "anchors of the audit log are never changed",
    ),
    "audit_anchors_kept": (
        "BEFORE DELETE ON audit_anchors",
        "",
        "anchors of the audit log are never removed",
    ),
    "audit_anchors_in_order": (
        "BEFORE INSERT ON audit_anchors",
        "WHEN EXISTS (SELECT 1 FROM audit_anchors WHERE up_to >= NEW.up_to)",
        "anchors of the audit log only move on",
    ),
    "audit_chain_kept": (
        "BEFORE DELETE ON audit_chain",
        "",
        "the head of the audit log is never removed",
    ),
    "audit_chain_onwards": (
        "BEFORE UPDATE ON audit_chain",
        "WHEN NEW.last_id <= OLD.last_id",
        "the head of the audit log only moves on",
    ),
    "audit_chain_single": (
        "BEFORE INSERT ON audit_chain",
        "WHEN EXISTS (SELECT 1 FROM audit_chain)",
        "the audit log has one head",
    ),
}

POSTGRESQL = """
CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'the audit log is never emptied';
  END IF;
  IF TG_TABLE_NAME = 'audit_log' THEN
    IF TG_OP = 'UPDATE' THEN
      RAISE EXCEPTION 'audit entries are never changed';
    ELSIF TG_OP = 'DELETE' THEN
      IF NOT EXISTS (SELECT 1 FROM audit_anchors WHERE up_to >= OLD.id) THEN
        RAISE EXCEPTION 'audit entries are removed only by the purge';
      END IF;
      RETURN OLD;
    ELSIF EXISTS (SELECT 1 FROM audit_log WHERE id >= NEW.id) THEN
      RAISE EXCEPTION 'audit entries are only added at the end';
    END IF;
  ELSIF TG_TABLE_NAME = 'audit_anchors' THEN
    IF TG_OP <> 'INSERT' THEN
      RAISE EXCEPTION 'anchors of the audit log are never changed';
    ELSIF EXISTS (SELECT 1 FROM audit_anchors WHERE up_to >= NEW.up_to) THEN
      RAISE EXCEPTION 'anchors of the audit log only move on';
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'the head of the audit log is never removed';
  ELSIF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT 1 FROM audit_chain) THEN
      RAISE EXCEPTION 'the audit log has one head';
    END IF;
  ELSIF NEW.last_id <= OLD.last_id THEN
    RAISE EXCEPTION 'the head of the audit log only moves on';
  END IF;
  RETURN NEW;
END $$
"""
GUARDED = ("audit_log", "audit_anchors", "audit_chain")


def upgrade() -> None:
    _people()
    _audit()


def _people() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index(
        "ix_staff_sessions_staff_id_ended_at", "staff_sessions", ["staff_id", "ended_at"]
    )
    op.create_table(
        "second_factors",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(length=255), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_second_factors_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_recovery_codes_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index("ix_recovery_codes_staff_id", "recovery_codes", ["staff_id"])
    # Tokens that are in use go on as they were.
    with op.batch_alter_table("api_tokens") as batch:
        batch.add_column(sa.Column("whole_numbers", sa.Boolean(), nullable=True))
    op.execute(sa.text("UPDATE api_tokens SET whole_numbers = TRUE"))
    with op.batch_alter_table("api_tokens") as batch:
        batch.alter_column("whole_numbers", existing_type=sa.Boolean(), nullable=False)
    # Not a rebuilt table: others point to this one.
    op.add_column(
        "staff",
        sa.Column(
            "department",
            sa.String(length=40),
            sa.ForeignKey("departments.code", name=op.f("fk_staff_department_departments")),
            nullable=True,
        ),
        # SQLite adds no constraint to a table that is there.
        inline_references=op.get_bind().dialect.name == "sqlite",
    )
    # Sessions are rows of their own now.
    op.drop_column("staff", "session_version")


def _audit() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    op.create_table(
        "audit_anchors",
        sa.Column("up_to", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("up_to", name=op.f("pk_audit_anchors")),
    )
    with op.batch_alter_table("audit_log") as batch:
        batch.add_column(sa.Column("former_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("hash", sa.String(length=64), nullable=True))
    connection = op.get_bind()
    last_id, last_hash = _chain(connection)
    with op.batch_alter_table("audit_log") as batch:
        batch.alter_column("former_hash", existing_type=sa.String(length=64), nullable=False)
        batch.alter_column("hash", existing_type=sa.String(length=64), nullable=False)
    connection.execute(
        sa.text("INSERT INTO audit_chain (id, last_id, last_hash) VALUES (1, :id, :hash)"),
        {"id": last_id, "hash": last_hash},
    )
    if connection.dialect.name == "sqlite":
        for name, (on, when, said) in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {name} {on} {when} BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        return
    # Ids come from the head now: a sequence could leave gaps and would be out of order.
    op.execute("ALTER TABLE audit_log ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE IF EXISTS audit_log_id_seq")
    op.execute(POSTGRESQL)
    for table in GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_guard BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_guard()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_full BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()"
        )


def _chain(connection) -> tuple[int, str]:
    """Seal what is there, in the order it was written; the head that results."""
    log = sa.table(
        "audit_log",
        sa.column("id", sa.Integer()),
        sa.column("at", UtcDateTime()),
        sa.column("who", sa.String()),
        sa.column("what", sa.String()),
        sa.column("record", sa.String()),
        sa.column("detail", sa.JSON()),
        sa.column("former_hash", sa.String()),
        sa.column("hash", sa.String()),
    )
    wanted = (log.c.id, log.c.at, log.c.who, log.c.what, log.c.record, log.c.detail)
    last_id, last_hash = 0, NOTHING_BEFORE
    while True:
        rows = connection.execute(
            sa.select(*wanted).where(log.c.id > last_id).order_by(log.c.id).limit(BATCH)
        ).all()
        if not rows:
            return last_id, last_hash
        sealed = []
        for row in rows:
            former = last_hash
            last_id, last_hash = (
                row.id,
                seal(
                    former,
                    entry_id=row.id,
                    at=row.at,
                    who=row.who,
                    what=row.what,
                    record=row.record,
                    detail=row.detail,
                ),
            )
            sealed.append({"entry": row.id, "former": former, "sealed": last_hash})
        connection.execute(
            sa.update(log)
            .where(log.c.id == sa.bindparam("entry"))
            .values(former_hash=sa.bindparam("former"), hash=sa.bindparam("sealed")),
            sealed,
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP FUNCTION audit_guard() CASCADE")
        op.execute("CREATE SEQUENCE audit_log_id_seq OWNED BY audit_log.id")
        op.execute(
            "SELECT setval('audit_log_id_seq', GREATEST((SELECT last_id FROM audit_chain), 1))"
        )
        op.execute("ALTER TABLE audit_log ALTER COLUMN id SET DEFAULT nextval('audit_log_id_seq')")
    with op.batch_alter_table("audit_log") as batch:
        batch.drop_column("former_hash")
        batch.drop_column("hash")
    op.drop_table("audit_anchors")
    op.drop_table("audit_chain")
    op.add_column(
        "staff", sa.Column("session_version", sa.Integer(), nullable=False, server_default="1")
    )
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("staff") as batch:
            batch.drop_column("department")
    else:
        op.drop_column("staff", "department")
    op.drop_column("api_tokens", "whole_numbers")
    for table in ("recovery_codes", "second_factors", "staff_sessions"):
        op.drop_table(table)
