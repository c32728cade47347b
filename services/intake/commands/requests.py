"""Opening requests, and everything that becomes of them after their race."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.chat import FirstReplySent
from libs.events.intake import Category, CooldownReleased, Kind, Locale, Messenger
from libs.events.support import ExclusionDecided
from libs.kit.errors import Unavailable
from services.intake import domain
from services.intake.commands.contacts import SealedPhone
from services.intake.commands.sessions import call_off_sessions
from services.intake.domain import Age, Request, RequestUnknown, Rules, Turn
from services.intake.queries import alive, former_winner, lock_specialist, request_of, rules_of
from services.intake.tables import BarRow, FeedEntryRow, RequestRow, SpecialistRow

OPEN = insert(RequestRow)
SHOW = insert(FeedEntryRow)
BAR = upsert(BarRow).on_conflict_do_nothing()
UNBAR = delete(BarRow).where(
    BarRow.request_id == bindparam("request_id"), BarRow.specialist_id == bindparam("specialist_id")
)
RELEASE = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"), SpecialistRow.resting_after == bindparam("request_id"))
    .where(SpecialistRow.ready_at > bindparam("now"))
    .values(ready_at=bindparam("now"), resting_after=None)
    .returning(SpecialistRow.id)
)
# Danger lets somebody take another one: then the one before still waits. Time looks at whatever waits for an answer.
STILL_WAITS = (
    select(RequestRow.id)
    .where(RequestRow.accepted_by == bindparam("specialist_id"), RequestRow.tenant == SpecialistRow.tenant)
    .where(RequestRow.look_at.is_not(None), RequestRow.answered_at.is_(None), RequestRow.closed_at.is_(None))
    .order_by(RequestRow.accepted_at.desc())
    .limit(1)
    .correlate(SpecialistRow)
    .scalar_subquery()
)
FREE = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"), SpecialistRow.unanswered == bindparam("request_id"))
    .values(unanswered=STILL_WAITS)
)

Becomes = Callable[[Request], Turn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A client's call for help, as it was left."""

    kind: Kind
    category: Category
    locale: Locale
    one_off: bool = False
    age: Age = "unknown"
    direct_to: UUID | None = None
    messenger: Messenger | None = None
    country: str | None = None
    may_call: bool = False
    in_danger: bool = False


async def open_request(
    tx: AsyncSession,
    call: Call,
    phone: SealedPhone | None,
    *,
    request_id: UUID,
    tenant: str,
    client_id: UUID,
    now: datetime,
) -> None:
    """Keep a client's call for help, show it in the feed and say that it came."""
    rules = (await rules_of(tx, tenant)).race
    opened = domain.open_request(
        request_id, tenant=tenant, client_id=client_id, kind=call.kind, category=call.category, locale=call.locale,
        one_off=call.one_off, direct_to=call.direct_to, now=now, rules=rules,
    )  # fmt: skip
    earlier = await alive(tx, client_id, phone.hash if phone else None, tenant=tenant, since=now - rules.alive_for)
    request = Request(
        id=request_id, tenant=tenant, client_id=client_id, kind=call.kind, locale=call.locale, one_off=call.one_off,
        opened_at=now, promised_until=opened.reply_due, shown_at=now, closes_at=now + rules.open_for, age=call.age,
        country=call.country, direct_to=call.direct_to,
    )  # fmt: skip
    turn = domain.turns.signal_danger(request, now=now, rules=rules) if call.in_danger else Turn(request)
    row = _columns(turn.after) | {
        "category": call.category, "messenger": call.messenger, "may_call": call.may_call,
        "phone": phone.sealed if phone else None, "phone_hash": phone.hash if phone else None,
        "linked_to": earlier.id if earlier else None, "look_at": domain.look_at(request, rules),
    }  # fmt: skip
    await tx.execute(OPEN, row)
    await tx.execute(SHOW, {"tenant": tenant, "request_id": request_id, "gone": False})
    await publish(tx, opened, *domain.linked(opened, earlier), *turn.says)


async def turn_request(tx: AsyncSession, request_id: UUID, becomes: Becomes) -> Request:
    """Let a request become what its rules make of it; RequestUnknown if there is none.

    Accepts lock the specialist before the request; so does this, or the two could wait for each other.
    """
    known = await request_of(tx, request_id)
    if known is None:
        raise RequestUnknown
    if known.accepted_by is not None:
        await lock_specialist(tx, known.accepted_by)
    request = await request_of(tx, request_id, lock=True)
    if request is None or request.accepted_by != known.accepted_by:
        raise Unavailable  # It was won or taken back in this very moment.
    turn = becomes(request)
    if turn.after != request or turn.says:
        await _write(tx, request, turn, (await rules_of(tx, request.tenant)))
    return turn.after


async def pass_time(tx: AsyncSession, request_id: UUID, *, now: datetime) -> None:
    """Whatever is due for a request by now: every instance may ask, and it happens once."""
    request = await request_of(tx, request_id)
    if request is not None:
        rules = (await rules_of(tx, request.tenant)).race
        await turn_request(tx, request_id, lambda it: domain.turns.pass_time(it, now=now, rules=rules))


async def hear_answer(tx: AsyncSession, said: FirstReplySent, *, now: datetime) -> None:
    """The specialist wrote to the client: that is what the promise was about (B11)."""
    former = await former_winner(tx, said.conversation_id, said.specialist_id)
    if await request_of(tx, said.conversation_id) is None:
        return
    await turn_request(
        tx, said.conversation_id, lambda it: domain.turns.answer(it, said.specialist_id, former, at=said.at, now=now)
    )


async def deactivate_request(tx: AsyncSession, decision: ExclusionDecided, *, now: datetime) -> None:
    """Close what support struck from the record (R4), and give its winner back what is left of the wait (D5)."""
    if await request_of(tx, decision.request_id) is not None:
        await turn_request(tx, decision.request_id, lambda it: domain.turns.deactivate(it, decision, now=now))


async def _write(tx: AsyncSession, before: Request, turn: Turn, rules: Rules) -> None:
    """Write what differs, show or hide the card, say what happened, and call off what was agreed for later."""
    after = turn.after
    changes = {name: value for name, value in _columns(after).items() if value != getattr(before, name)}
    changes["look_at"] = domain.look_at(after, rules.race)
    await tx.execute(update(RequestRow).where(RequestRow.id == after.id).values(changes))
    await _show(tx, before, after)
    await _settle_with_specialist(tx, before, turn)
    await publish(tx, *[said for said in turn.says if await _holds(tx, said)])
    why, ended_at = domain.turns.called_off(before, turn), after.closed_at or after.shown_at
    if why is not None and before.accepted_by is not None:
        await call_off_sessions(tx, before.id, before.accepted_by, why, now=ended_at, rules=rules.sessions)


async def _show(tx: AsyncSession, before: Request, after: Request) -> None:
    entry = {"tenant": after.tenant, "request_id": after.id}
    if before.open and not after.open:
        await tx.execute(SHOW, entry | {"gone": True})
    # Shown anew to those who see it: with another round, another circle of specialists, or a cry for help.
    elif after.open and (before.round, before.direct_to, before.danger_at, before.open) != (
        after.round, after.direct_to, after.danger_at, True,
    ):  # fmt: skip
        await tx.execute(SHOW, entry | {"gone": False})


async def _settle_with_specialist(tx: AsyncSession, before: Request, turn: Turn) -> None:
    after, former = turn.after, before.accepted_by
    if former is not None and turn.bars is not None:
        bar = {
            "request_id": before.id, "specialist_id": former, "tenant": before.tenant, "why": turn.bars,
            "at": after.shown_at, "accepted_at": before.accepted_at, "rest_until": before.rest_until,
            "reply_due": before.reply_due,
        }  # fmt: skip
        await tx.execute(BAR, bar)
    if former is not None and (after.accepted_by != former or after.answered_at or after.closed_at):
        await tx.execute(FREE, {"specialist_id": former, "request_id": before.id})
    if former is None and after.accepted_by is not None:
        await tx.execute(UNBAR, {"request_id": after.id, "specialist_id": after.accepted_by})


async def _holds(tx: AsyncSession, said: Any) -> bool:
    """A wait is given back only if it is still the one that this request began."""
    if not isinstance(said, CooldownReleased):
        return True
    wait = {"specialist_id": said.specialist_id, "request_id": said.request_id, "now": said.at}
    return await tx.scalar(RELEASE, wait) is not None


def _columns(request: Request) -> dict[str, Any]:
    return {each.name: getattr(request, each.name) for each in fields(request)}


def new_id() -> UUID:
    """The id of a request to come; its contact is sealed to it."""
    return uuid7()
