"""Saying that a session was paid, and ending the work with a client: under one lock, one after the other (D11)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import RefusalReason
from services.intake import domain
from services.intake.commands.sessions import call_off_sessions
from services.intake.domain import Engagement, Refusal, RequestUnknown
from services.intake.queries import Purchase, purchases_of, rules_of, standing
from services.intake.queries.farewells import said_farewell
from services.intake.tables import PurchaseRow, RefusalRow

PAY = insert(PurchaseRow)
REFUSE = insert(RefusalRow)


async def pay_session(tx: AsyncSession, request_id: UUID, person_id: UUID, number: int, *, now: datetime) -> Purchase:
    """Record that the n-th session of an engagement was paid."""
    work, asked, side = await standing(tx, request_id, person_id, lock=True)
    known = await purchases_of(tx, work, person_id, after=number - 1, limit=1)
    said_before = bool(known) and known[0].number == number
    paid = domain.engagements.pay(work, side, number, said_before=said_before, now=now)
    if paid is None:
        return known[0]
    row = {"client_id": asked.client_id, "number": number, "said_by": side, "at": now}
    await tx.execute(PAY, _engagement(work) | row)
    await publish(tx, paid)
    return Purchase(number, side, now)


async def refuse_client(
    tx: AsyncSession,
    request_id: UUID,
    specialist_id: UUID,
    reason: RefusalReason,
    *,
    farewell_sent: bool,
    now: datetime,
) -> Refusal:
    """End the work with a client; if the next session was paid first, have support decide. The answer, for good."""
    work, _, side = await standing(tx, request_id, specialist_id, lock=True)
    if side != "specialist":
        raise RequestUnknown
    rules = (await rules_of(tx, work.request.tenant)).sessions
    told = (farewell_sent and rules.farewell_by_word) or await said_farewell(
        tx, {request_id, work.request.id}, specialist_id
    )
    said = domain.refusals.refuse(work, reason, farewell_sent=told, now=now)
    if said is None and work.refusal is not None:
        return work.refusal
    if said is None:
        raise TypeError("a refusal that says nothing was said before")
    refusal = domain.refusals.refusal_of(said)
    await tx.execute(REFUSE, _engagement(work) | {"reason": reason, "at": now, "honoured": refusal.honoured})
    await publish(tx, said)
    if refusal.honoured:
        await call_off_sessions(tx, work.request.id, specialist_id, "refused", now=now, rules=rules)
    return refusal


def _engagement(work: Engagement) -> dict[str, object]:
    return {"request_id": work.request.id, "specialist_id": work.specialist_id, "tenant": work.request.tenant}
