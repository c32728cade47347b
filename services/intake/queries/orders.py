"""Orders, for their rules and for their two sides."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain.orders import Customer, Order, OrderUnknown, Side, Stage
from services.intake.tables.orders import OrderRow, OrderStageRow, OrderWordsRow

_columns = [getattr(OrderRow, each.name) for each in fields(Order)]
KNOWN = select(*_columns).where(OrderRow.id == bindparam("order_id"))
LOCKED = KNOWN.with_for_update()
SIDES = {"client": OrderRow.client_id, "specialist": OrderRow.specialist_id}
FIRST_PAGE = {
    side: select(*_columns)
    .where(column == bindparam("person"))
    .order_by(OrderRow.placed_at.desc(), OrderRow.id.desc())
    .limit(bindparam("most"))
    for side, column in SIDES.items()
}
_key = tuple_(OrderRow.placed_at, OrderRow.id)
NEXT_PAGE = {
    side: page.where(_key < tuple_(bindparam("placed_at"), bindparam("id"))) for side, page in FIRST_PAGE.items()
}
CUSTOMER = select(
    func.count().filter(
        and_(
            OrderRow.specialist_id == bindparam("specialist_id"),
            OrderRow.paid_at.is_(None),
            OrderRow.cancelled_at.is_(None),
        )
    ),
    func.count().filter(and_(OrderRow.urgency == "urgent", OrderRow.placed_at > bindparam("since"))),
).where(OrderRow.client_id == bindparam("client_id"))
CYCLES = select(func.count()).where(
    OrderRow.client_id == bindparam("client_id"),
    OrderRow.specialist_id == bindparam("specialist_id"),
    OrderRow.paid_at.is_not(None),
    OrderRow.cancelled_by == "client",
    OrderRow.cancelled_at > bindparam("since"),
)
UNPAID = (
    select(OrderRow.id, OrderRow.pay_by)
    .where(OrderRow.pay_by <= bindparam("now"), OrderRow.paid_at.is_(None), OrderRow.cancelled_at.is_(None))
    .order_by(OrderRow.pay_by, OrderRow.id)
    .limit(bindparam("most"))
)
NEXT_UNPAID = UNPAID.where(tuple_(OrderRow.pay_by, OrderRow.id) > tuple_(bindparam("since"), bindparam("behind")))
LINK = select(OrderRow.link).where(OrderRow.id == bindparam("order_id"), OrderRow.delivered_at.is_not(None))
WORDS = (
    select(OrderWordsRow.number, OrderWordsRow.words, OrderWordsRow.follow_up, OrderWordsRow.at)
    .where(OrderWordsRow.order_id == bindparam("order_id"))
    .order_by(OrderWordsRow.number)
)
STAGES = (
    select(OrderStageRow.number, OrderStageRow.on, OrderStageRow.agreed_at, OrderStageRow.done_at)
    .where(OrderStageRow.order_id == bindparam("order_id"))
    .order_by(OrderStageRow.number)
)


@dataclass(frozen=True, slots=True)
class SealedWords:
    """A question, still sealed."""

    number: int
    words: bytes
    follow_up: bool
    at: datetime


async def order_of(tx: AsyncSession, order_id: UUID, *, lock: bool = False) -> Order:
    """An order; locked, nobody else decides on it until this transaction ends. OrderUnknown if there is none."""
    row = (await tx.execute(LOCKED if lock else KNOWN, {"order_id": order_id})).one_or_none()
    if row is None:
        raise OrderUnknown
    return Order(**row._mapping)  # noqa: SLF001 - a row's public way to be a mapping


async def seen_order(tx: AsyncSession, order_id: UUID, viewer: UUID) -> Order:
    """An order as its two sides see it; for anyone else there is none."""
    order = await order_of(tx, order_id)
    order.side(viewer)
    return order


async def orders_of(
    tx: AsyncSession, person: UUID, side: Side, *, after: Sequence[object] | None, most: int
) -> list[Order]:
    """Somebody's orders, the newest first, from behind where a page ended."""
    asked: dict[str, object] = {"person": person, "most": most}
    if after is None:
        rows = await tx.execute(FIRST_PAGE[side], asked)
    else:
        rows = await tx.execute(NEXT_PAGE[side], asked | {"placed_at": after[0], "id": after[1]})
    return [Order(**row._mapping) for row in rows]  # noqa: SLF001 - as above


async def customer_of(tx: AsyncSession, client_id: UUID, specialist_id: UUID, *, since: datetime) -> Customer:
    """What counts of a client's earlier orders: unpaid ones with this specialist, urgent ones with any (C8, C12)."""
    asked = {"client_id": client_id, "specialist_id": specialist_id, "since": since}
    unpaid, urgent = (await tx.execute(CUSTOMER, asked)).one()
    return Customer(unpaid, urgent)


async def cycles_of(tx: AsyncSession, order: Order, *, since: datetime) -> int:
    """How often this client has paid and then cancelled with this specialist (C8)."""
    asked = {"client_id": order.client_id, "specialist_id": order.specialist_id, "since": since}
    return await tx.scalar(CYCLES, asked) or 0


async def unpaid_orders(
    tx: AsyncSession, *, now: datetime, most: int, after: tuple[UUID, datetime] | None = None
) -> list[tuple[UUID, datetime]]:
    """Those that should have been paid by now, and by when; the longest overdue first, or behind `after`."""
    asked: dict[str, object] = {"now": now, "most": most}
    if after is None:
        rows = await tx.execute(UNPAID, asked)
    else:
        rows = await tx.execute(NEXT_UNPAID, asked | {"behind": after[0], "since": after[1]})
    return [(id, by) for id, by in rows if by is not None]


async def link_of(tx: AsyncSession, order_id: UUID) -> bytes | None:
    """Where the result is, still sealed; none before it is delivered."""
    return await tx.scalar(LINK, {"order_id": order_id})


async def words_of(tx: AsyncSession, order_id: UUID) -> list[SealedWords]:
    """What the client asked, in order."""
    return [SealedWords(*row) for row in await tx.execute(WORDS, {"order_id": order_id})]


async def stages_of(tx: AsyncSession, order_id: UUID) -> list[Stage]:
    """The stages of an order, in order."""
    return [Stage(*row) for row in await tx.execute(STAGES, {"order_id": order_id})]
