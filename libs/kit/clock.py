"""The clock, under the name that services know."""

from datetime import datetime

from sqlalchemy import DateTime, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import at, now, simulated

__all__ = ["at", "moment", "now"]

MOMENT = select(func.coalesce(bindparam("simulated", type_=DateTime(timezone=True)), func.clock_timestamp()))


async def moment(tx: AsyncSession) -> datetime:
    """The database's clock judges: it is one, and the instances' clocks are many."""
    return (await tx.execute(MOMENT, {"simulated": simulated.get()})).scalar_one()
