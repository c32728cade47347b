"""Sessions of an engagement, what both sides say of them, what was paid, and how an engagement ends."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import CalledOff, RefusalReason
from services.intake.domain import Outcome, Side
from services.intake.tables.base import Base


class SessionRow(Base):
    """A session; its outcome is a register whose greater version is the truth."""

    __tablename__ = "sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID] = mapped_column(comment="of the engagement under which it counts now")
    booked_under: Mapped[UUID] = mapped_column(comment="the request it was agreed in; another one after a merge (R3)")
    client_id: Mapped[UUID] = mapped_column(comment="with whom it was agreed; a merge may join two accounts")
    specialist_id: Mapped[UUID]
    number: Mapped[int]
    starts_at: Mapped[datetime]
    booked_at: Mapped[datetime]
    agreed_at: Mapped[datetime] = mapped_column(comment="when it was booked, or moved last")
    moves: Mapped[int] = mapped_column(server_default="0")
    client_said: Mapped[Outcome | None] = mapped_column(Text)
    client_said_at: Mapped[datetime | None]
    specialist_said: Mapped[Outcome | None] = mapped_column(Text)
    specialist_said_at: Mapped[datetime | None]
    ruled: Mapped[Outcome | None] = mapped_column(Text, comment="what support decided, whatever was said (D8)")
    absent: Mapped[Side | None] = mapped_column(Text, comment="who did not come, as the other side says")
    cancelled_by: Mapped[Side | None] = mapped_column(Text, comment="who called it off before it began")
    called_off: Mapped[CalledOff | None] = mapped_column(
        Text, comment="how the work ended, before this session could begin"
    )
    outcome: Mapped[Outcome | None] = mapped_column(Text)
    outcome_at: Mapped[datetime | None] = mapped_column(comment="when it came to this outcome")
    version: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        ForeignKeyConstraint(["request_id"], ["requests.id"]),
        ForeignKeyConstraint(["booked_under"], ["requests.id"]),
        UniqueConstraint("request_id", "specialist_id", "number"),
        Index("sessions_agreed_in", "booked_under"),
        CheckConstraint("outcome IN ('held', 'void')", name="outcome_is_known"),
        CheckConstraint("num_nulls(outcome, outcome_at) IN (0, 2)", name="outcome_with_its_time"),
        CheckConstraint("num_nulls(client_said, client_said_at) IN (0, 2)", name="client_said_it_then"),
        CheckConstraint("num_nulls(specialist_said, specialist_said_at) IN (0, 2)", name="specialist_said_it_then"),
    )


class PurchaseRow(Base):
    """The n-th session of an engagement was paid, or is not any more said to be."""

    __tablename__ = "purchases"
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[str]
    client_id: Mapped[UUID] = mapped_column(comment="of the account that it concerns; a merge may join two")
    said_by: Mapped[Side] = mapped_column(Text)
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None] = mapped_column(comment="when it was taken back: it was not paid")
    version: Mapped[int] = mapped_column(
        server_default="0", comment="one more each time it is taken back or said again"
    )

    __table_args__ = (
        ForeignKeyConstraint(["request_id"], ["requests.id"]),
        CheckConstraint("number >= 1", name="number_is_positive"),
        CheckConstraint("said_by IN ('client', 'specialist')", name="said_by_is_known"),
    )


class RefusalRow(Base):
    """The specialist ended an engagement, or wanted to after it was too late; there is one answer, for good (D11)."""

    __tablename__ = "refusals"
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    reason: Mapped[RefusalReason] = mapped_column(Text)
    at: Mapped[datetime]
    honoured: Mapped[bool] = mapped_column(comment="false: the next session had been paid, so support decides")

    __table_args__ = (ForeignKeyConstraint(["request_id"], ["requests.id"]),)


class MergeRow(Base):
    """A request is part of an earlier one of the same specialist's, or is not any more (R3)."""

    __tablename__ = "merges"
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    into_request_id: Mapped[UUID]
    version: Mapped[int]
    merged: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["request_id"], ["requests.id"]),
        ForeignKeyConstraint(["into_request_id"], ["requests.id"]),
        Index("merges_into", "into_request_id", postgresql_where=text("merged")),
    )
