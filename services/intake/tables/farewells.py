"""Farewells that chat has told of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.base import Base


class FarewellRow(Base):
    """A specialist took leave of a client in a farewell's words, which a refusal begins with (R11)."""

    __tablename__ = "farewells"
    request_id: Mapped[UUID] = mapped_column(primary_key=True, comment="in whose conversation, known here or not yet")
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    at: Mapped[datetime] = mapped_column(comment="for the first time")
