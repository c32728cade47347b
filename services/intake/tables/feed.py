"""The feed's log, and tickets to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.base import Base

FEED_POSITIONS = Sequence("feed_positions", metadata=Base.metadata)


class FeedEntryRow(Base):
    """Something that the feed shows. It is numbered only after its transaction, so that numbers follow commits."""

    __tablename__ = "feed_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    gone: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("position"),
        Index("feed_log_unnumbered", "id", postgresql_where=text("position IS NULL")),
    )


class FeedTicketRow(Base):
    """A right to open the feed once, within half a minute."""

    __tablename__ = "feed_tickets"
    digest: Mapped[bytes] = mapped_column(primary_key=True, comment="of the ticket; the ticket itself is nowhere")
    tenant: Mapped[str]
    specialist_id: Mapped[UUID]
    expires_at: Mapped[datetime]
