"""What was measured of specialists' devices."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import simulated
from libs.kit.sql import FastConnection
from services.intake.domain.readiness import Measured, PushTest
from services.intake.tables import SpecialistRow
from services.intake.tables.specialists import MeasureRow

KNOWN = select(
    MeasureRow.round_trips, MeasureRow.pinged_at, MeasureRow.push_id, MeasureRow.push_out_at,
    MeasureRow.push_received_at,
).where(MeasureRow.specialist_id == bindparam("specialist_id"))  # fmt: skip
INSTANT = "SELECT coalesce($1, clock_timestamp())"
RAN_OUT = (
    select(SpecialistRow.id, SpecialistRow.tenant, SpecialistRow.on_duty_until)
    .where(SpecialistRow.on_duty_until <= bindparam("now"))
    .order_by(SpecialistRow.on_duty_until)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


class RanOut(NamedTuple):
    """A duty of which nobody has said yet that it is over."""

    id: UUID
    tenant: str
    on_duty_until: datetime


async def instant(db: FastConnection) -> datetime:
    """The database's clock in one trip, for what is measured in milliseconds."""
    found: datetime = await db.fetchval(INSTANT, simulated.get())
    return found


async def measured_of(tx: AsyncSession, specialist_id: UUID) -> Measured:
    """What is known of a specialist's device; nothing, before anything was measured."""
    row = (await tx.execute(KNOWN, {"specialist_id": specialist_id})).one_or_none()
    if row is None:
        return Measured()
    push = PushTest(row.push_id, row.push_out_at, row.push_received_at) if row.push_id and row.push_out_at else None
    return Measured([timedelta(microseconds=each) for each in row.round_trips], row.pinged_at, push)


async def ran_out(tx: AsyncSession, *, now: datetime, most: int) -> Sequence[RanOut]:
    """Duties that are over by now; locked, and passed over while somebody else holds them."""
    rows = await tx.execute(RAN_OUT, {"now": now, "most": most})
    return [RanOut(*row) for row in rows]  # type: ignore[arg-type]
