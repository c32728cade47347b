"""Where chat's tables belong."""

from sqlalchemy.orm import DeclarativeBase

from libs.kit.sql import ServiceTables


class Base(ServiceTables, DeclarativeBase):
    """Chat's schema."""
