"""Whose requests there are, and the cases that opened about them; no words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.events.support import CaseKind, CaseOutcome, ReopeningReason
from libs.kit.policies import policies_table
from services.support.domain import Case, CaseStatus, Desk
from services.support.tables.base import Base

POLICIES = policies_table(Base.metadata)


class RequestRow(Base):
    """Whose request it is; a case may be heard of before its request is."""

    __tablename__ = "requests"

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    client_id: Mapped[UUID] = mapped_column(index=True)


class CaseRow(Base):
    """Something that a person of the house has to answer, and who does."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(
            "(kind, desk) IN (('danger', 'clinical'), ('safety_concern', 'clinical'), ('refusal', 'support'), "
            "('late_refusal', 'support'))",
            name="desk_answers_kind",
        ),
        CheckConstraint("status IN ('open', 'taken', 'closed')", name="status_is_known"),
        CheckConstraint(
            "(status = 'open') = (taken_by IS NULL) AND (taken_by IS NULL) = (taken_at IS NULL)",
            name="taken_by_somebody",
        ),
        CheckConstraint(
            "(status = 'closed') = (outcome IS NOT NULL) AND (outcome IS NULL) = (closed_at IS NULL)",
            name="closed_with_outcome",
        ),
        CheckConstraint("(reopened_at IS NULL) = (reopened_for IS NULL)", name="reopened_for_something"),
        Index("cases_in_queue", "tenant", "status", "desk", "due_at", "id"),
        Index("cases_open", "due_at", postgresql_where=text("status = 'open'")),
        Index("cases_of_request", "request_id", "opened_at", "id"),
        Index("cases_of_specialist", "specialist_id", "opened_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    kind: Mapped[CaseKind] = mapped_column(Text)
    desk: Mapped[Desk] = mapped_column(Text, comment="in the order of the alphabet, the more urgent comes first")
    request_id: Mapped[UUID]
    specialist_id: Mapped[UUID | None] = mapped_column(comment="who had the request then")
    reason: Mapped[str | None] = mapped_column(comment="of a refusal, from the closed list (R9)")
    signs: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="that a specialist ticked")
    country: Mapped[str | None] = mapped_column(comment="where who is in danger is")
    locale: Mapped[str | None] = mapped_column(comment="and what they speak")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="until when somebody takes it")
    overdue_told_at: Mapped[datetime | None] = mapped_column(comment="once, even if it is given back")
    status: Mapped[CaseStatus] = mapped_column(Text)
    taken_by: Mapped[UUID | None] = mapped_column(comment="who also closed it, if it is closed")
    taken_at: Mapped[datetime | None]
    outcome: Mapped[CaseOutcome | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None] = mapped_column(comment="the last time, if it was closed and opened again")
    reopened_for: Mapped[ReopeningReason | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(comment="what an If-Match is compared with")
    # No foreign key: who hears of a danger does not wait for its request.
    request: Mapped[RequestRow | None] = relationship(
        primaryjoin="foreign(CaseRow.request_id) == RequestRow.request_id", lazy="raise", viewonly=True
    )

    @property
    def client_id(self) -> UUID | None:
        """Whose request it is, once that has been heard of."""
        return self.request.client_id if self.request else None

    def as_case(self) -> Case:
        """The row as the domain knows it."""
        return Case(
            kind=self.kind, status=self.status, due_at=self.due_at, taken_by=self.taken_by, taken_at=self.taken_at
        )
