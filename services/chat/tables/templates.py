"""What a house has put in place of the texts that come with us, and the versions of its rules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.intake import Locale
from libs.kit.policies import policies_table
from services.chat.domain.templates import TemplatePurpose
from services.chat.tables.base import Base


class TemplateRow(Base):
    """A tenant's own text for a purpose in a language; the newest version is used, older ones stay as they were."""

    __tablename__ = "templates"
    __table_args__ = (
        UniqueConstraint("tenant", "purpose", "locale", "version", name="templates_one_text_per_version"),
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint("char_length(text) BETWEEN 1 AND 2000", name="text_is_bounded"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    purpose: Mapped[TemplatePurpose] = mapped_column(Text)
    locale: Mapped[Locale] = mapped_column(Text)
    version: Mapped[int]
    text: Mapped[str] = mapped_column(comment="with variables, such as {name}; never filled in")
    by: Mapped[UUID]
    at: Mapped[datetime]


POLICIES = policies_table(Base.metadata)
