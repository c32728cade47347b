"""What all of intake's tables share."""

from sqlalchemy.orm import DeclarativeBase

from libs.kit.sql import ServiceTables


class Base(ServiceTables, DeclarativeBase):
    """Intake's schema."""
