"""The bus's four tables, which every service keeps in its own database beside its own rows."""

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text

_now = sa.text("clock_timestamp()")


def bus_tables(metadata: MetaData) -> None:
    """Add outbox, inbox, claims and parked to a service's schema."""
    Table(
        "outbox", metadata,
        Column("id", BigInteger, sa.Identity(), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("slot", sa.Integer, nullable=False, comment="murmur2 of the key: its shard and its partition follow"),
        Column("key", sa.Uuid, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=_now),
    )  # fmt: skip
    Table(
        "inbox", metadata,
        Column("subscriber", Text, primary_key=True),
        Column("event_id", sa.Uuid, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=_now),
    )  # fmt: skip
    Table(
        "claims", metadata,
        Column("subscriber", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("part", sa.SmallInteger, primary_key=True),
        Column("next", BigInteger, nullable=False, comment="the offset that takes effect next"),
        Column("epoch", BigInteger, nullable=False, server_default=sa.text("0")),
        Column("owner", sa.Uuid),
        Column("lease", DateTime(timezone=True), nullable=False, server_default=_now),
        Column("stopped", Text, comment="why nobody may go on here; cleared by an operator"),
        postgresql_with={"fillfactor": 50},
    )  # fmt: skip
    parked = Table(
        "parked", metadata,
        Column("id", BigInteger, sa.Identity(), primary_key=True),
        Column("subscriber", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("part", sa.SmallInteger, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("reason", Text, nullable=False, comment="the kind of error; never its words, which may quote a person"),
        Column("at", DateTime(timezone=True), nullable=False, server_default=_now),
    )  # fmt: skip
    sa.Index("parked_by_key", parked.c.subscriber, parked.c.topic, parked.c.key, parked.c.id)
