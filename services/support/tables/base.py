"""What all of support's tables share."""

from sqlalchemy.orm import DeclarativeBase

from libs.kit.sql import ServiceTables


class Base(ServiceTables, DeclarativeBase):
    """Support's schema."""
