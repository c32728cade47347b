"""Which build of the projection answers: now, and at a moment of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import convert
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.stats.domain import HOUSE, Policy

FIRST = 1
_ONE = text("""
    SELECT policy_version, body, live_from IS NOT NULL AND live_until IS NULL AS live
    FROM generations LEFT JOIN policies ON version = policy_version WHERE number = :number
""")
_HEARING = text("""
    SELECT number, live_from IS NOT NULL FROM generations WHERE live_until IS NULL
    ORDER BY live_from IS NULL
""")
_AT = text("""
    SELECT number, policy_version, body, live_from FROM generations LEFT JOIN policies ON version = policy_version
    WHERE live_from <= :moment AND (live_until IS NULL OR live_until > :moment)
""")
_BEHIND = text("""
    SELECT sum(led.next - followed.next) FROM claims AS led JOIN claims AS followed USING (topic, part)
    WHERE led.subscriber = :leader AND followed.subscriber = :follower
""")
_HELD = text("SELECT EXISTS (SELECT FROM claims WHERE subscriber = :subscriber AND starts_with(stopped, 'held: '))")
_LISTED = text("""
    SELECT number, policy_version, started_at, live_from, live_until, ended_at, outcome,
        (SELECT sum(next) FROM claims WHERE subscriber = :name || '.' || number) AS done,
        (SELECT sum(next) FROM claims WHERE subscriber = (SELECT :name || '.' || live.number FROM generations AS live
            WHERE live_from IS NOT NULL AND live_until IS NULL)) AS total
    FROM generations ORDER BY number DESC LIMIT 100
""")
_POLICY = text("SELECT body FROM policies WHERE version = :version")
NAME = "stats.figures"


@dataclass(frozen=True)
class Build:
    """A generation, the policy by which it counts, and whether it is the one that answers and speaks."""

    number: int
    policy_version: int
    policy: Policy
    live: bool


def policy_of(body: object | None) -> Policy:
    """A policy as it is kept; the first is in the code."""
    return HOUSE if body is None else convert(body, Policy)


async def build(tx: AsyncSession, number: int) -> Build:
    """One generation; that there is no row of the first means that nothing was ever built anew."""
    row = (await tx.execute(_ONE, {"number": number})).one_or_none()
    if row is None:
        return Build(number, FIRST, HOUSE, live=number == FIRST)
    return Build(number, row.policy_version, policy_of(row.body), row.live)


async def build_at(tx: AsyncSession, moment: datetime) -> Build:
    """The generation that answered at a moment."""
    row = (await tx.execute(_AT, {"moment": moment})).one_or_none()
    if row is None:
        return Build(FIRST, FIRST, HOUSE, live=True)
    return Build(row.number, row.policy_version, policy_of(row.body), live=True)


async def builds(engine: AsyncEngine) -> list[tuple[int, bool]]:
    """The numbers of those that hear events, and whether they are live; the live one first."""
    async with engine.connect() as connection:
        rows = [(number, live) for number, live in (await connection.execute(_HEARING)).all()]
    return rows if any(live for _, live in rows) else [(FIRST, True), *rows]


def subscriber(number: int) -> str:
    """Under which name a generation hears."""
    return f"{NAME}.{number}"


async def behind(tx: AsyncSession, live: int, new: int) -> int | None:
    """How many records the new generation is behind the live one; None before it has begun."""
    records = await tx.scalar(_BEHIND, {"leader": subscriber(live), "follower": subscriber(new)})
    return None if records is None else int(records)


async def held(tx: AsyncSession, number: int) -> bool:
    """Whether a generation stands still so that another can come level."""
    return bool(await tx.scalar(_HELD, {"subscriber": subscriber(number)}))


async def listed(tx: AsyncSession) -> Sequence[RowMapping]:
    """All builds with how far they have come through the log, the newest first."""
    return (await tx.execute(_LISTED, {"name": NAME})).mappings().all()


async def policy_at(tx: AsyncSession, version: int) -> Policy | None:
    """A version of the policy; None if there is no such version."""
    body = await tx.scalar(_POLICY, {"version": version})
    return policy_of(body) if body is not None or version == FIRST else None
