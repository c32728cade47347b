"""What clients write and where results lie, sealed: two people read it, and nobody else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.sealing import Sealer
from services.intake.domain.orders import Order
from services.intake.tables.orders import OrderWordsRow

KEEP = insert(OrderWordsRow)
DROP = delete(OrderWordsRow).where(OrderWordsRow.order_id == bindparam("of_order"))


async def keep_words(
    tx: AsyncSession, sealer: Sealer, order: Order, words: Sequence[str], *, behind: int, now: datetime
) -> None:
    """Add questions to an order, each sealed to its own place."""
    rows: list[dict[str, Any]] = [
        {
            "order_id": order.id, "number": number, "tenant": order.tenant, "follow_up": order.state == "delivered",
            "words": sealer.seal(each, to=_question(order.tenant, order.id, number)), "at": now,
        }
        for number, each in enumerate(words, behind + 1)
    ]  # fmt: skip
    await tx.execute(KEEP, rows)


async def drop_words(tx: AsyncSession, order: Order) -> None:
    """Forget what was asked, because something else is asked instead."""
    await tx.execute(DROP, {"of_order": order.id})


def open_words(sealer: Sealer, sealed: bytes, tenant: str, order_id: UUID, number: int) -> str:
    """Read a question, for one of the two sides."""
    return sealer.open(sealed, to=_question(tenant, order_id, number))


def seal_link(sealer: Sealer, link: str, order: Order) -> bytes:
    """Seal where a result is."""
    return sealer.seal(link, to=_result(order.tenant, order.id))


def open_link(sealer: Sealer, sealed: bytes, tenant: str, order_id: UUID) -> str:
    """Read where a result is, for one of the two sides."""
    return sealer.open(sealed, to=_result(tenant, order_id))


def _question(tenant: str, order_id: UUID, number: int) -> str:
    return f"{tenant} order {order_id} question {number}"


def _result(tenant: str, order_id: UUID) -> str:
    return f"{tenant} order {order_id} result"
