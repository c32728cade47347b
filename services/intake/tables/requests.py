"""Requests, what keeps certain people from them, and the versions of the house rules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import Category, Kind, Locale, Messenger
from libs.kit.policies import policies_table
from services.intake.domain import Age, Closed, Why
from services.intake.tables.base import Base


class RequestRow(Base):
    """A request for help. The row is the referee of its race: whose name is in it has won."""

    __tablename__ = "requests"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity(), comment="what people call it")
    client_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(Text)
    category: Mapped[Category] = mapped_column(Text)
    locale: Mapped[Locale] = mapped_column(Text)
    one_off: Mapped[bool]
    age: Mapped[Age] = mapped_column(Text, server_default="unknown", comment="routes, and is shown to nobody (D17)")
    direct_to: Mapped[UUID | None] = mapped_column(comment="the one specialist who is asked; nobody else sees it")
    messenger: Mapped[Messenger | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(comment="whose helplines to show")
    may_call: Mapped[bool] = mapped_column(server_default=text("false"), comment="the client consents to a call (B14)")
    phone: Mapped[bytes | None] = mapped_column(comment="sealed; for the winner alone, by one route")
    phone_hash: Mapped[bytes | None] = mapped_column(comment="keyed; the same phone twice is the same client (D12)")
    linked_to: Mapped[UUID | None] = mapped_column(comment="an earlier request of the same client's, still alive (D12)")
    opened_at: Mapped[datetime]
    promised_until: Mapped[datetime] = mapped_column(comment="what the client was told at the submit (B1, D6)")
    missed_at: Mapped[datetime | None] = mapped_column(comment="when the promise was found broken")
    kept_at: Mapped[datetime | None] = mapped_column(comment="when a person first answered, whoever it was")
    shown_at: Mapped[datetime] = mapped_column(comment="when its card last came into the feed")
    closes_at: Mapped[datetime] = mapped_column(comment="until when it is shown")
    danger_at: Mapped[datetime | None] = mapped_column(comment="when the client first said to be in danger")
    danger_told_at: Mapped[datetime | None] = mapped_column(comment="when that was last told to others")
    round: Mapped[int] = mapped_column(server_default="1", comment="one more each time it comes back into the feed")
    presses: Mapped[int] = mapped_column(server_default="0", comment="presses on Accept; numbers the receipts")
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None] = mapped_column(comment="the wait that this accept earned its winner")
    reply_due: Mapped[datetime | None] = mapped_column(comment="until when this winner answers (D6)")
    answered_at: Mapped[datetime | None] = mapped_column(comment="this winner's first answer")
    look_at: Mapped[datetime | None] = mapped_column(comment="when time next causes something here")
    closed_at: Mapped[datetime | None]
    closed_as: Mapped[Closed | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("kind IN ('chat', 'phone')", name="kind_is_known"),
        CheckConstraint("age IN ('unknown', 'minor', 'adult')", name="age_is_known"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_a_code"),
        CheckConstraint("(phone IS NULL) = (phone_hash IS NULL)", name="phone_with_its_hash"),
        CheckConstraint("num_nulls(closed_at, closed_as) IN (0, 2)", name="closed_whole_or_not"),
        CheckConstraint(
            "num_nulls(accepted_by, accepted_at, rest_until, reply_due) IN (0, 4)", name="accepted_whole_or_not"
        ),
        Index("requests_open", "opened_at", postgresql_where=text("accepted_by IS NULL AND closed_at IS NULL")),
        Index("requests_to_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index("requests_of_client", "client_id", "opened_at"),
        Index("requests_of_phone", "tenant", "phone_hash", postgresql_where=text("phone_hash IS NOT NULL")),
        Index("requests_of_winner", "accepted_by", "accepted_at", postgresql_where=text("accepted_by IS NOT NULL")),
    )


class BarRow(Base):
    """Who may not take this request (again), and why."""

    __tablename__ = "bars"
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    why: Mapped[Why] = mapped_column(Text)
    at: Mapped[datetime]
    accepted_at: Mapped[datetime] = mapped_column(comment="of the acceptance that ended, in case it was no silence")
    rest_until: Mapped[datetime]
    reply_due: Mapped[datetime]

    __table_args__ = (ForeignKeyConstraint(["request_id"], ["requests.id"]),)


class RevealRow(Base):
    """Somebody was shown a client's phone number; kept for as long as the request is, and shown to the client."""

    __tablename__ = "reveals"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID] = mapped_column(index=True)
    specialist_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (ForeignKeyConstraint(["request_id"], ["requests.id"]),)


class AvoidanceRow(Base):
    """A specialist does not want to be matched with this client again; the client is told nothing (C9)."""

    __tablename__ = "avoidances"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]

    # Each card of the feed asks who does not want its client.
    __table_args__ = (Index("avoidances_of_client", "client_id"),)


POLICIES = policies_table(Base.metadata)
