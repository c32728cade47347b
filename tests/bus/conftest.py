"""What the bus's tests stand on: a database with its four tables, an `effects` table to write into, and three logs."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from libs.bus import bus_tables
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.local import LocalLog
from libs.bus.log import EventLog
from libs.bus.memory import MemoryLog
from libs.events import Topic

metadata = sa.MetaData()
bus_tables(metadata)
effects = sa.Table(
    "effects", metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("key", sa.Uuid), sa.Column("number", sa.Integer), sa.Column("event", sa.Uuid),
)  # fmt: skip


async def new_database(admin: str) -> AsyncEngine:
    name = f"t{uuid7().hex}"
    url = sa.make_url(admin).set(drivername="postgresql+asyncpg")
    owner = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with owner.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name}"))
    await owner.dispose()
    return create_async_engine(url.set(database=name), pool_size=20, max_overflow=0)


@pytest.fixture(scope="session")
async def _engine(postgres: str) -> AsyncIterator[AsyncEngine]:
    engine = await new_database(postgres)
    async with engine.begin() as tx:
        await tx.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(_engine: AsyncEngine) -> AsyncEngine:
    async with _engine.begin() as tx:
        await tx.execute(sa.text("TRUNCATE outbox, inbox, claims, parked, effects"))
    return _engine


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest.fixture(params=["memory", "local", "kafka"])
async def log(request: pytest.FixtureRequest, topic: Topic) -> AsyncIterator[EventLog]:
    """Each log in turn, with one topic of its own."""
    made: EventLog
    if request.param == "memory":
        made = MemoryLog()
    elif request.param == "local":
        made = LocalLog(await new_database(request.getfixturevalue("postgres")), [topic])
    else:
        made = KafkaLog(request.getfixturevalue("kafka"), [topic])
    await made.prepare()
    yield made
    await made.close()


@pytest.fixture
def topic() -> Topic:
    return Topic(f"t.{uuid7().hex}", partitions=3)
