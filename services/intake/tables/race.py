"""Those who take part in the race, and their presses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import Locale
from services.intake.tables.base import Base


class SpecialistRow(Base):
    """A specialist who takes requests; locked by each of their accepts, so that two cannot overlap."""

    __tablename__ = "specialists"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    joined_at: Mapped[datetime]
    ready_at: Mapped[datetime | None] = mapped_column(comment="an absolute instant, whatever the rules become (D4)")
    resting_after: Mapped[UUID | None] = mapped_column(comment="the request whose accept began the wait")
    unanswered: Mapped[UUID | None] = mapped_column(comment="the request taken last, until it is answered (B21)")
    on_duty_until: Mapped[datetime | None] = mapped_column(comment="there to take requests until then (B7)")
    device_id: Mapped[UUID | None] = mapped_column(comment="the one device that accepts; null lets any (B7)")
    accepts_minors: Mapped[bool] = mapped_column(server_default=text("false"), comment="B17")
    languages: Mapped[list[Locale]] = mapped_column(
        ARRAY(Text), server_default="{}", comment="those they work in; none said means any"
    )

    __table_args__ = (
        Index("specialists_on_duty", "on_duty_until", postgresql_where=text("on_duty_until IS NOT NULL")),
    )


class PressRow(Base):
    """A press on Accept that was answered, kept so that its retry is answered alike (D7)."""

    __tablename__ = "presses"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    place: Mapped[int]
    margin_ms: Mapped[int] = mapped_column(BigInteger)
    accepted_at: Mapped[datetime] = mapped_column(comment="the winner's")
    won: Mapped[bool] = mapped_column(server_default=text("false"))
    told: Mapped[bool] = mapped_column(server_default=text("false"), comment="whether the bus has heard of it")

    __table_args__ = (
        Index("presses_untold", "request_id", postgresql_where=text("NOT told")),
        Index("presses_by_age", "tenant", "accepted_at"),
    )
