"""Orders and their queues: what is offered, what was ordered, and the times and words that belong to it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Date, ForeignKeyConstraint, Index, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.orders import ServiceKind
from services.intake.domain.orders import Canceller, Currency, Part, Side, Urgency
from services.intake.tables.base import Base


class ServiceTermsRow(Base):
    """One version of what a specialist offers under a kind; the greatest binds, and none ever changes (C14)."""

    __tablename__ = "service_terms"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ServiceKind] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    offered: Mapped[bool]
    includes: Mapped[list[Part]] = mapped_column(ARRAY(Text))
    currency: Mapped[Currency] = mapped_column(Text)
    price_least: Mapped[int] = mapped_column(BigInteger, comment="in the currency's smallest unit")
    price_most: Mapped[int] = mapped_column(BigInteger)
    wait_least: Mapped[timedelta | None] = mapped_column(comment="as the house rules were when this was offered")
    wait_most: Mapped[timedelta | None]
    since: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "kind IN ('planned_recording', 'urgent_work', 'planned_call', 'one_question', 'multi_stage')",
            name="kind_is_known",
        ),
        CheckConstraint("price_least BETWEEN 0 AND price_most", name="price_goes_up"),
    )


class OrderRow(Base):
    """An order; locked by whatever is done with it, so that two things are done one after the other."""

    __tablename__ = "orders"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    client_id: Mapped[UUID]
    specialist_id: Mapped[UUID]
    kind: Mapped[ServiceKind] = mapped_column(Text)
    terms_version: Mapped[int] = mapped_column(comment="the terms that the client acknowledged (C8)")
    wait_least: Mapped[timedelta | None] = mapped_column(comment="as those terms said")
    wait_most: Mapped[timedelta | None]
    placed_at: Mapped[datetime]
    pay_by: Mapped[datetime | None] = mapped_column(comment="as it was told when it was placed (C8)")
    questions: Mapped[int]
    urgency: Mapped[Urgency] = mapped_column(Text, comment="what the first word of the first question did (C12)")
    paid_at: Mapped[datetime | None]
    paid_said_by: Mapped[Side | None] = mapped_column(Text)
    due: Mapped[datetime | None] = mapped_column(comment="of urgent work, from its payment (C2)")
    started_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    linked: Mapped[bool] = mapped_column(server_default=text("false"))
    link: Mapped[bytes | None] = mapped_column(comment="where the result is; sealed, for the two sides alone")
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[Canceller | None] = mapped_column(Text)
    call_at: Mapped[datetime | None]
    prepare_at: Mapped[datetime | None] = mapped_column(comment="when to write the questions of a call down (C3)")
    follow_ups: Mapped[int] = mapped_column(server_default="0")
    changes: Mapped[int] = mapped_column(server_default="0")
    nudges: Mapped[int] = mapped_column(server_default="0")
    nudged_at: Mapped[datetime | None]
    reports: Mapped[int] = mapped_column(server_default="0", comment="how often its link did not open (C1)")

    __table_args__ = (
        ForeignKeyConstraint(
            ["specialist_id", "kind", "terms_version", "tenant"],
            ["service_terms.specialist_id", "service_terms.kind", "service_terms.version", "service_terms.tenant"],
        ),
        CheckConstraint("urgency IN ('none', 'urgent', 'braked')", name="urgency_is_known"),
        CheckConstraint("num_nulls(paid_at, paid_said_by) IN (0, 2)", name="paid_whole_or_not"),
        CheckConstraint("num_nulls(cancelled_at, cancelled_by) IN (0, 2)", name="cancelled_whole_or_not"),
        CheckConstraint("started_at IS NULL OR paid_at IS NOT NULL", name="paid_before_it_starts"),
        CheckConstraint("delivered_at IS NULL OR started_at IS NOT NULL", name="started_before_it_is_there"),
        CheckConstraint("linked = (link IS NOT NULL)", name="link_if_linked"),
        Index(
            "orders_waiting", "specialist_id", "kind", "paid_at",
            postgresql_where=text("paid_at IS NOT NULL AND started_at IS NULL AND cancelled_at IS NULL"),
        ),
        Index(
            "orders_delivered", "specialist_id", "kind", "delivered_at",
            postgresql_where=text("delivered_at IS NOT NULL"),
        ),
        Index("orders_unpaid", "pay_by", postgresql_where=text("paid_at IS NULL AND cancelled_at IS NULL")),
        Index("orders_of_client", "client_id", "placed_at"),
        Index("orders_of_specialist", "specialist_id", "placed_at"),
    )  # fmt: skip


class OrderWordsRow(Base):
    """A question of an order, sealed: two people read it, and nobody else."""

    __tablename__ = "order_words"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    words: Mapped[bytes]
    follow_up: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (ForeignKeyConstraint(["order_id"], ["orders.id"]),)


class OrderStageRow(Base):
    """A stage of an order, on a date of its own (C5)."""

    __tablename__ = "order_stages"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    on: Mapped[datetime]
    agreed_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (ForeignKeyConstraint(["order_id"], ["orders.id"]),)


class SlotRow(Base):
    """A time for a call; the order whose id is in it has booked it (C3)."""

    __tablename__ = "slots"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    specialist_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    lasts: Mapped[timedelta]
    order_id: Mapped[UUID | None]

    __table_args__ = (
        ForeignKeyConstraint(["order_id"], ["orders.id"]),
        Unique("order_id"),
        Unique("specialist_id", "starts_at", "tenant"),
    )


class HolidaysRow(Base):
    """When a specialist is away, whole days, first to last (C4)."""

    __tablename__ = "holidays"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    firsts: Mapped[list[date]] = mapped_column(ARRAY(Date))
    lasts: Mapped[list[date]] = mapped_column(ARRAY(Date))
