"""What specialists say of their work, and what was measured of their devices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import Messenger
from libs.kit.messengers import Login
from services.intake.domain.specialists import Vertical
from services.intake.tables.base import Base
from services.intake.tables.requests import RequestRow


class ProfileRow(Base):
    """What a specialist says of their work; languages and minors, which the race looks at, are in its own row."""

    __tablename__ = "profiles"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    verticals: Mapped[list[Vertical]] = mapped_column(ARRAY(Text), server_default="{}")
    zone: Mapped[str | None]
    prices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), comment="by region (B20)")
    contact: Mapped[bytes | None] = mapped_column(
        comment="logins of messengers (D3) and how to pay (B18), sealed; for own clients"
    )
    messengers: Mapped[dict[Messenger, Login]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="as they were said before they were sealed"
    )
    payment: Mapped[str | None] = mapped_column(comment="likewise")

    __table_args__ = (
        ForeignKeyConstraint(["specialist_id", "tenant"], ["specialists.id", "specialists.tenant"]),
        CheckConstraint("version >= 1", name="version_counts"),
    )


class MeasureRow(Base):
    """What was measured of a specialist's device."""

    __tablename__ = "measures"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    round_trips: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default="{}", comment="microseconds, the newest first (D15)"
    )
    pinged_at: Mapped[datetime | None] = mapped_column(
        comment="when the newest ping left; an older echo counts no more"
    )
    push_id: Mapped[UUID | None] = mapped_column(comment="the last test of notifications (B7)")
    push_out_at: Mapped[datetime | None]
    push_received_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["specialist_id", "tenant"], ["specialists.id", "specialists.tenant"]),
        CheckConstraint("num_nulls(push_id, push_out_at) IN (0, 2)", name="push_whole_or_not"),
        CheckConstraint("push_received_at >= push_out_at", name="push_arrives_after_it_left"),
    )


# The load chart looks at some weeks of all requests.
REQUESTS_BY_ARRIVAL = Index("requests_by_arrival", RequestRow.tenant, RequestRow.opened_at)
