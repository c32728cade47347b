"""Which build of the projection answers: now, and at a moment of the past."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import convert
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.stats.domain import HOUSE, Policy

FIRST = 1
_ONE = text("""
    SELECT policy_version, body, live_from IS NOT NULL AND live_until IS NULL AS live
    FROM generations LEFT JOIN policies ON version = policy_version WHERE number = :number
""")
_HEARING = text("""
    SELECT number, live_from IS NOT NULL FROM generations WHERE live_until IS NULL AND ended_at IS NULL
    ORDER BY live_from IS NULL
""")
_AT = text("""
    SELECT number, policy_version, body, live_from FROM generations LEFT JOIN policies ON version = policy_version
    WHERE live_from <= :moment AND (live_until IS NULL OR live_until > :moment)
""")


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
