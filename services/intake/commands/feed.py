"""Keeping the feed: tickets to it, and the order of what happens in it."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import simulated
from libs.kit.sql import FastConnection
from services.intake import domain
from services.intake.domain import Racer
from services.intake.queries import racer_in
from services.intake.tables import FeedEntryRow, FeedTicketRow

LASTS = timedelta(seconds=30)
KEEPS = 100_000

ISSUE = insert(FeedTicketRow)
# One trip, because after a restart everybody comes at once.
ADMIT = """
WITH clock AS (SELECT coalesce($2, clock_timestamp()) AS now), ticket AS (
  DELETE FROM feed_tickets USING clock WHERE digest = $1 AND expires_at > clock.now RETURNING tenant, specialist_id
)
SELECT clock.now, ticket.tenant, s.id, s.on_duty_until, s.accepts_minors, s.languages
FROM clock, ticket LEFT JOIN specialists s ON (s.tenant, s.id) = (ticket.tenant, ticket.specialist_id)
"""
FORGET_TICKETS = delete(FeedTicketRow).where(FeedTicketRow.expires_at <= bindparam("now"))
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('intake feed'))"
NUMBER = """
UPDATE feed_log SET position = numbered.position FROM (
  SELECT id, nextval('feed_positions') AS position
  FROM (SELECT id FROM feed_log WHERE position IS NULL ORDER BY id) waiting
) numbered WHERE feed_log.id = numbered.id
"""
TRIM = delete(FeedEntryRow).where(
    FeedEntryRow.position <= select(func.max(FeedEntryRow.position) - bindparam("keep")).scalar_subquery()
)


class Ticket(NamedTuple):
    """A right to open the feed once."""

    secret: str
    expires_at: datetime


async def issue_ticket(tx: AsyncSession, specialist_id: UUID, *, tenant: str, now: datetime) -> Ticket:
    """A ticket, because a browser's EventSource cannot send a token; only its digest is kept."""
    ticket = Ticket(secrets.token_urlsafe(24), now + LASTS)
    row = {
        "digest": _digest(ticket.secret), "tenant": tenant, "specialist_id": specialist_id,
        "expires_at": ticket.expires_at,
    }  # fmt: skip
    await tx.execute(ISSUE, row)
    return ticket


async def admit(db: FastConnection, secret: str) -> tuple[str, Racer]:
    """Use a ticket up; the tenant whose feed it opens, and for whom."""
    admitted = await db.fetchrow(ADMIT, _digest(secret), simulated.get())
    if admitted is None:
        raise domain.TicketRefused
    if admitted["id"] is None:
        raise domain.NotEligible
    racer = racer_in(admitted)
    if not racer.on_duty(admitted["now"]):
        raise domain.OffDuty
    return admitted["tenant"], racer


async def number_feed(db: FastConnection) -> None:
    """Give what has been committed its place in the order.

    Were entries numbered as they are written, a lower number could be committed after a higher one, and a reader
    past the higher would never see it.
    """
    async with db.transaction():
        await db.execute(ONE_AT_A_TIME)
        await db.execute(NUMBER)


async def tidy_feed(tx: AsyncSession, *, now: datetime) -> None:
    """Forget what nobody can resume from, and tickets that have expired."""
    await tx.execute(TRIM, {"keep": KEEPS})
    await tx.execute(FORGET_TICKETS, {"now": now})


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
