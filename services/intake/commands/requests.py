"""Opening and closing requests, and joining as a specialist."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.intake import Category, CooldownReleased, Kind, Locale, SpecialistJoined
from libs.events.support import ExclusionDecided
from services.intake import domain
from services.intake.domain import Rules
from services.intake.queries import request_of
from services.intake.tables import FeedEntryRow, RequestRow, SpecialistRow

OPEN = insert(RequestRow)
SHOW = insert(FeedEntryRow)
JOIN = upsert(SpecialistRow).on_conflict_do_nothing().returning(SpecialistRow.id)
LOCK_SPECIALIST = select(SpecialistRow.id).where(SpecialistRow.id == bindparam("specialist_id")).with_for_update()
CLOSE = update(RequestRow).where(RequestRow.id == bindparam("request_id")).values(deactivated_at=bindparam("now"))
RELEASE = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"), SpecialistRow.resting_after == bindparam("request_id"))
    .where(SpecialistRow.ready_at > bindparam("now"))
    .values(ready_at=bindparam("now"), resting_after=None)
    .returning(SpecialistRow.id)
)


async def open_request(
    tx: AsyncSession,
    *,
    tenant: str,
    client_id: UUID,
    kind: Kind,
    category: Category,
    locale: Locale,
    one_off: bool,
    phone: str | None,
    now: datetime,
    rules: Rules,
) -> UUID:
    """Keep a client's call for help, show it in the feed and say that it came."""
    contact = domain.contact(kind, phone)
    opened = domain.open_request(
        uuid7(), tenant=tenant, client_id=client_id, kind=kind, category=category, locale=locale, one_off=one_off,
        now=now, rules=rules,
    )  # fmt: skip
    row = {
        "id": opened.request_id, "tenant": tenant, "client_id": client_id, "kind": kind, "category": category,
        "locale": locale, "one_off": one_off, "phone": contact, "opened_at": now, "reply_due": opened.reply_due,
    }  # fmt: skip
    await tx.execute(OPEN, row)
    await tx.execute(SHOW, {"tenant": tenant, "request_id": opened.request_id, "gone": False})
    await publish(tx, opened)
    return opened.request_id


async def join(tx: AsyncSession, specialist_id: UUID, *, tenant: str, now: datetime) -> None:
    """From here on the specialist may take requests; joining again changes nothing."""
    joined = await tx.scalar(JOIN, {"id": specialist_id, "tenant": tenant, "joined_at": now})
    if joined is not None:
        await publish(tx, SpecialistJoined(tenant=tenant, at=now, specialist_id=specialist_id))


async def deactivate_request(tx: AsyncSession, decision: ExclusionDecided, *, now: datetime) -> None:
    """Close what support struck from the record (R4), and give its winner back what is left of the wait (D5)."""
    # Accepts lock the specialist before the request; so does this, or the two could wait for each other.
    await tx.execute(LOCK_SPECIALIST, {"specialist_id": decision.specialist_id})
    request = await request_of(tx, decision.request_id, lock=True)
    deactivated = domain.deactivate(request, decision, now=now) if request else None
    if request is None or deactivated is None:
        return
    await tx.execute(CLOSE, {"request_id": request.id, "now": now})
    if request.accepted_by is None:
        await tx.execute(SHOW, {"tenant": request.tenant, "request_id": request.id, "gone": True})
    await publish(tx, deactivated)
    released = domain.release(request, now=now)
    if released is not None:
        await _release(tx, released)


async def _release(tx: AsyncSession, released: CooldownReleased) -> None:
    """End the wait, if it is still the one that this request began."""
    wait = {"specialist_id": released.specialist_id, "request_id": released.request_id, "now": released.at}
    if await tx.scalar(RELEASE, wait) is not None:
        await publish(tx, released)
