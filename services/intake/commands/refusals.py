"""Saying that a session was paid, and ending the work with a client: under one lock, one after the other (D11)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import RefusalReason
from services.intake import domain
from services.intake.commands.sessions import call_off_sessions
from services.intake.domain import Engagement, Purchase, Refusal, RequestUnknown
from services.intake.queries import purchases_of, rules_of, standing
from services.intake.queries.farewells import said_farewell
from services.intake.tables import PurchaseRow, RefusalRow

_pay = upsert(PurchaseRow)
PAY = _pay.on_conflict_do_update(
    index_elements=["request_id", "specialist_id", "number"],
    set_={name: _pay.excluded[name] for name in ("client_id", "said_by", "at")}
    | {"voided_at": None, "version": PurchaseRow.version + 1},
).returning(PurchaseRow.version)
TAKE_BACK = (
    update(PurchaseRow)
    .where(PurchaseRow.request_id == bindparam("of_request"), PurchaseRow.specialist_id == bindparam("to"))
    .where(PurchaseRow.number == bindparam("nth"))
    .values(voided_at=bindparam("now"), version=bindparam("newer"))
)
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
    version = (await tx.execute(PAY, _engagement(work) | row)).scalar_one()
    await publish(tx, paid, *domain.engagements.paid_after_all(paid, version))
    return Purchase(number, side, now, version)


async def take_purchase_back(
    tx: AsyncSession, request_id: UUID, person_id: UUID, number: int, *, now: datetime
) -> None:
    """Record that the n-th session was not paid after all; what is not said to be paid stays so."""
    work, _, side = await standing(tx, request_id, person_id, lock=True)
    known = await purchases_of(tx, work, person_id, after=number - 1, limit=1)
    if not known or known[0].number != number:
        return
    voided = domain.engagements.take_back(work, side, known[0], now=now)
    row = {"of_request": work.request.id, "to": work.specialist_id, "nth": number, "newer": voided.version}
    await tx.execute(TAKE_BACK, row | {"now": now})
    await publish(tx, voided)


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
