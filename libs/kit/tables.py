"""The table that every service has for requests that may come twice."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid, text


def idempotency_table(metadata: MetaData) -> None:
    """Add to a service's schema what was answered to whom under which key."""
    Table(
        "idempotency", metadata,
        Column("tenant", Text, primary_key=True),
        Column("principal", Uuid, primary_key=True),
        Column("operation", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of what was asked"),
        Column("status", Integer, nullable=False),
        Column("headers", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()"), index=True),
    )  # fmt: skip
