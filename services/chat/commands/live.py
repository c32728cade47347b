"""Tickets to the live connection."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import simulated
from libs.kit.errors import DomainError
from libs.kit.sql import bare
from services.chat.domain import Participant
from services.chat.queries.live import ROOM, Room
from services.chat.tables import LiveTicketRow

LASTS = timedelta(seconds=30)
ISSUE = insert(LiveTicketRow)
# $1 digest, $2 conversation, $3 simulated time. One statement: the ticket is used up, and how its room stands is told.
ADMIT = f"""
WITH clock AS (SELECT coalesce($3::timestamptz, clock_timestamp()) AS now), used AS (
  DELETE FROM live_tickets t USING clock WHERE t.digest = $1 AND t.conversation_id = $2 AND t.expires_at > clock.now
  RETURNING t.tenant AS of_tenant, t.reader_id, t.roles, t.stay, clock.now)
SELECT {ROOM}, used.* FROM used JOIN conversations c ON c.id = $2
"""  # noqa: S608 - nothing in it comes from outside
# Whoever sweeps waits for nobody: what somebody holds is taken by the next round.
_OLD = select(LiveTicketRow.digest).where(LiveTicketRow.expires_at <= bindparam("now"))
FORGET = delete(LiveTicketRow).where(LiveTicketRow.digest.in_(_OLD.with_for_update(skip_locked=True)))


class TicketRefused(DomainError):
    """This ticket was used, is too old, or is for another conversation. Get a new one: POST …/live-tickets."""

    status = 401


class Ticket(NamedTuple):
    """A right to open a live connection once."""

    secret: str
    expires_at: datetime


async def issue_ticket(tx: AsyncSession, conversation_id: UUID, reader: Participant, *, now: datetime) -> Ticket:
    """A ticket, because a browser's WebSocket cannot send a token; only its digest is kept."""
    ticket = Ticket(secrets.token_urlsafe(24), now + LASTS)
    row = {
        "digest": _digest(ticket.secret), "tenant": reader.tenant, "conversation_id": conversation_id,
        "reader_id": reader.id, "roles": sorted(reader.roles), "stay": reader.stay, "expires_at": ticket.expires_at,
    }  # fmt: skip
    await tx.execute(ISSUE, row)
    return ticket


async def admit(tx: AsyncSession, conversation_id: UUID, secret: str) -> tuple[Participant, Room, datetime]:
    """Use a ticket up; who it lets in, to this conversation and no other, how that stands, and the moment."""
    row = await (await bare(tx)).fetchrow(ADMIT, _digest(secret), conversation_id, simulated.get())
    if row is None:
        raise TicketRefused
    reader = Participant(
        tenant=row["of_tenant"], id=row["reader_id"], roles=frozenset(row["roles"]), only=conversation_id,
        stay=row["stay"],
    )  # fmt: skip
    return reader, Room.of(row), row["now"]


async def forget_tickets(tx: AsyncSession, *, now: datetime) -> None:
    """Let go of tickets that nobody used."""
    await tx.execute(FORGET, {"now": now})


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
