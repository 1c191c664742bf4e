"""Those who work at the desk, how they prove it, and the tokens of programs that read its data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base, words


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    EDITOR = "editor"
    SUPERVISOR = "supervisor"
    CLERK = "clerk"  # of one department
    AUDITOR = "auditor"


class Staff(Base):
    """A person who may sign in. Never deleted, only made inactive: history names them."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(80), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(words(Role))
    # The department whose complaints a clerk works on; empty for all other roles.
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    language: Mapped[str] = mapped_column(String(16), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StaffSession(Base):
    """Somebody signed in in one browser. Only the SHA-256 of what its cookie holds is kept."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("ix_staff_sessions_staff_id_ended_at", "staff_id", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(300), default="")


class SecondFactor(Base):
    """A person's authenticator app (RFC 6238). Without `confirmed_at` it is being set up."""

    __tablename__ = "second_factors"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id"), primary_key=True, autoincrement=False
    )
    # Encrypted with a key that is not in the database (`ivr.services.second_factor`).
    secret: Mapped[str] = mapped_column(String(255))
    confirmed_at: Mapped[datetime | None]
    # The last time step whose code was taken: no code is taken twice.
    last_step: Mapped[int] = mapped_column(default=0)
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes for who has lost the app; each is taken once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_staff_id", "staff_id"),)

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    """A program's key to `/api`; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # Whether it is handed telephone and account numbers whole, or masked.
    whole_numbers: Mapped[bool] = mapped_column(default=False)
    # It may do what a person of this role (and department) may, as far as its scopes go.
    role: Mapped[Role] = mapped_column(words(Role))
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    scopes: Mapped[str] = mapped_column(String(500))  # words parted by blanks
    expires_at: Mapped[datetime | None]
    last_used_from: Mapped[str | None] = mapped_column(String(64))
