"""Agreeing sessions and telling how they went."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.intake import CalledOff
from libs.kit.errors import Unavailable
from services.intake import domain
from services.intake.domain import Outcome, RequestUnknown, Session, SessionRules, SessionUnknown, Side, Told
from services.intake.queries import engagement_of, request_of, rules_of, session_of, sessions_of, standing
from services.intake.tables import SessionRow

BOOK = insert(SessionRow)
WRITE = (
    update(SessionRow)
    .where(SessionRow.id == bindparam("session_id"))
    .values({each.name: bindparam(f"new_{each.name}") for each in fields(Session) if each.name != "id"})
)

Becomes = Callable[[Session, Side, SessionRules], Told]


async def book_session(
    tx: AsyncSession, request_id: UUID, specialist_id: UUID, *, starts_at: datetime, now: datetime
) -> UUID:
    """Agree the next session of an engagement; the request's lock hands out the numbers."""
    work, asked, side = await standing(tx, request_id, specialist_id, lock=True)
    if side != "specialist":
        raise RequestUnknown
    rules = (await rules_of(tx, asked.tenant)).sessions
    session, booked = domain.engagements.book(work, asked, uuid7(), starts_at=starts_at, now=now, rules=rules)
    await tx.execute(BOOK, asdict(session) | {"booked_at": now})
    await publish(tx, booked)
    return session.id


async def move_session(
    tx: AsyncSession, session_id: UUID, person_id: UUID, *, starts_at: datetime, now: datetime
) -> None:
    """Agree another moment, if the work goes on."""
    session = await _locked(tx, session_id)
    side = domain.side_of(session, person_id)
    if (request := await request_of(tx, session.request_id)) is not None:
        domain.engagements.goes_on(await engagement_of(tx, request, session.specialist_id))
    rules = (await rules_of(tx, session.tenant)).sessions
    await write_session(tx, session, domain.sessions.move(session, side, starts_at, now=now, rules=rules))


async def cancel_session(tx: AsyncSession, session_id: UUID, person_id: UUID, *, now: datetime) -> None:
    """Call a session off before it begins."""
    await _turn(tx, session_id, person_id, lambda it, by, rules: domain.sessions.cancel(it, by, now=now, rules=rules))


async def tell_outcome(tx: AsyncSession, session_id: UUID, person_id: UUID, outcome: Outcome, *, now: datetime) -> None:
    """Record what one side says of a session, and as its next version what it comes to."""
    await _turn(
        tx, session_id, person_id, lambda it, by, rules: domain.sessions.settle(it, by, outcome, now=now, rules=rules)
    )


async def dispute_session(tx: AsyncSession, session_id: UUID, person_id: UUID, *, now: datetime) -> None:
    """Record that one side says of what the other confirmed that it did not take place."""
    await _turn(tx, session_id, person_id, lambda it, by, rules: domain.sessions.dispute(it, by, now=now, rules=rules))


async def miss_session(tx: AsyncSession, session_id: UUID, person_id: UUID, *, now: datetime) -> None:
    """Record that one side waited for the other in vain."""
    await _turn(tx, session_id, person_id, lambda it, by, rules: domain.sessions.miss(it, by, now=now, rules=rules))


async def rule_session(tx: AsyncSession, session_id: UUID, outcome: Outcome, *, now: datetime) -> None:
    """Record what support decides."""
    session = await _locked(tx, session_id)
    await write_session(tx, session, domain.sessions.rule(session, outcome, now=now))


async def call_off_sessions(
    tx: AsyncSession, request_id: UUID, specialist_id: UUID, why: CalledOff, *, now: datetime, rules: SessionRules
) -> None:
    """Let what was agreed for later not be, because the work has ended: nobody shall wait in vain."""
    for session in await sessions_of(tx, request_id, specialist_id):
        await write_session(tx, session, domain.sessions.call_off(session, why, now=now, rules=rules))


async def write_session(tx: AsyncSession, before: Session, told: Told) -> None:
    """Keep what a session has become, and say it."""
    if told.after != before:
        new = {f"new_{name}": value for name, value in asdict(told.after).items() if name != "id"}
        await tx.execute(WRITE, new | {"session_id": before.id})
    await publish(tx, *told.says)


async def _turn(tx: AsyncSession, session_id: UUID, person_id: UUID, becomes: Becomes) -> None:
    session = await _locked(tx, session_id)
    side = domain.side_of(session, person_id)
    await write_session(tx, session, becomes(session, side, (await rules_of(tx, session.tenant)).sessions))


async def _locked(tx: AsyncSession, session_id: UUID) -> Session:
    """A session under its request's lock, like everything that a purchase or refusal depends on."""
    known = await session_of(tx, session_id)
    if known is None:
        raise SessionUnknown
    await request_of(tx, known.request_id, lock=True)
    session = await session_of(tx, session_id, lock=True)
    if session is None or session.request_id != known.request_id:
        raise Unavailable  # Its request was merged in this very moment.
    return session
