"""Conversations that show helplines."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import Country, Locale
from services.chat.tables.base import Base


class HelpNeedRow(Base):
    """Somebody in a conversation may need more help than a talk: danger was signalled, or they were handed on."""

    __tablename__ = "help_needs"
    __table_args__ = (CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_a_code"),)

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True, comment="known here, or opened later")
    tenant: Mapped[str]
    country: Mapped[Country | None] = mapped_column(Text)
    locale: Mapped[Locale | None] = mapped_column(Text)
    at: Mapped[datetime]
