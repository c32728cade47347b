"""Whose requests can be asked about, what was asked, and what was decided."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.events.support import Ground
from services.support.domain import Register, Status, Ticket
from services.support.tables.base import Base


class EngagementRow(Base):
    """A specialist and a request they accepted, with the register of what support decided about it.

    Every decision locks this row first, so the sequence of versions has one writer.
    """

    __tablename__ = "engagements"
    __table_args__ = (CheckConstraint("version >= 0 AND (version = 0) = (ground IS NULL)", name="version_has_ground"),)

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    client_id: Mapped[UUID]
    opened_at: Mapped[datetime] = mapped_column(comment="the request, by its client")
    version: Mapped[int] = mapped_column(comment="0 until something is decided")
    excluded: Mapped[bool]
    ground: Mapped[str | None] = mapped_column(comment="of the last exclusion")

    def as_register(self) -> Register:
        """The row as the domain knows it."""
        return Register(
            tenant=self.tenant, request_id=self.request_id, specialist_id=self.specialist_id,
            version=self.version, excluded=self.excluded, ground=cast("Ground | None", self.ground),
        )  # fmt: skip


class TicketRow(Base):
    """A specialist's request to strike a request from the record. Their words stay in this table."""

    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(["request_id", "specialist_id"], ["engagements.request_id", "engagements.specialist_id"]),
        CheckConstraint("status IN ('open', 'excluded', 'denied', 'reinstated')", name="status_is_known"),
        Index("tickets_one_open", "request_id", "specialist_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("tickets_in_queue", "tenant", "status", "opened_at", "id"),
        Index("tickets_by_age", "tenant", "opened_at", "id"),
        Index("tickets_of_specialist", "specialist_id", "opened_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    specialist_id: Mapped[UUID]
    ground: Mapped[str]
    explanation: Mapped[str]
    evidence: Mapped[str | None]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(comment="what an If-Match is compared with")
    opened_at: Mapped[datetime]
    engagement: Mapped[EngagementRow] = relationship(lazy="raise")

    @property
    def client_id(self) -> UUID:
        """Whose request it is (R4)."""
        return self.engagement.client_id

    @property
    def request_opened_at(self) -> datetime:
        """When the client asked for help."""
        return self.engagement.opened_at

    @property
    def has_evidence(self) -> bool:
        """Whether there is anything to decide on."""
        return self.evidence is not None

    def as_ticket(self) -> Ticket:
        """The row as the domain knows it, without the words."""
        return Ticket(
            id=self.id, specialist_id=self.specialist_id, ground=cast("Ground", self.ground),
            has_evidence=self.has_evidence, status=cast("Status", self.status),
        )  # fmt: skip


class DecisionRow(Base):
    """What support decided; rows are added, never changed."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("request_id", "specialist_id", "version", name="decisions_one_per_version"),
        CheckConstraint("(outcome = 'denied') = (version IS NULL)", name="only_denials_are_unversioned"),
        Index("decisions_of_request", "request_id", "at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    specialist_id: Mapped[UUID]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    outcome: Mapped[str]
    version: Mapped[int | None] = mapped_column(comment="of the register; a denial leaves it as it was")
    ground: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID]
    at: Mapped[datetime]
