"""Tickets to the live connection."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.errors import DomainError
from services.chat.domain import Participant
from services.chat.tables import LiveTicketRow

LASTS = timedelta(seconds=30)
ISSUE = insert(LiveTicketRow)
ADMIT = (
    delete(LiveTicketRow)
    .where(
        LiveTicketRow.digest == bindparam("digest"),
        LiveTicketRow.conversation_id == bindparam("conversation"),
        LiveTicketRow.expires_at > bindparam("now"),
    )
    .returning(LiveTicketRow.tenant, LiveTicketRow.reader_id, LiveTicketRow.roles, LiveTicketRow.stay)
)
FORGET = delete(LiveTicketRow).where(LiveTicketRow.expires_at <= bindparam("now"))


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


async def admit(tx: AsyncSession, conversation_id: UUID, secret: str, *, now: datetime) -> Participant:
    """Use a ticket up; who it lets in, to this conversation and no other."""
    told = {"digest": _digest(secret), "conversation": conversation_id, "now": now}
    ticket = (await tx.execute(ADMIT, told)).one_or_none()
    if ticket is None:
        raise TicketRefused
    return Participant(
        tenant=ticket.tenant, id=ticket.reader_id, roles=frozenset(ticket.roles), only=conversation_id, stay=ticket.stay
    )


async def forget_tickets(tx: AsyncSession, *, now: datetime) -> None:
    """Let go of tickets that nobody used."""
    await tx.execute(FORGET, {"now": now})


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
