"""Changing the house rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.errors import Invalid
from services.intake.queries import ADAPTER, DEFAULTS
from services.intake.tables import PolicyRow

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('intake policies ' || :tenant))")
NEXT = select(func.coalesce(func.max(PolicyRow.version), 0) + 1).where(PolicyRow.tenant == bindparam("tenant"))
KEEP = insert(PolicyRow)


class NoSuchRule(Invalid):
    """The house rules have no such number, or it cannot be that."""


async def change_policy(
    tx: AsyncSession, changes: dict[str, dict[str, Any]], *, tenant: str, by: UUID, now: datetime
) -> int:
    """A new version of the house rules: what differs from the defaults, whole. The version that binds from now on."""
    _possible(changes)
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant})
    version = (await tx.execute(NEXT, {"tenant": tenant})).scalar_one()
    await tx.execute(KEEP, {"tenant": tenant, "version": version, "changes": changes, "by": by, "at": now})
    return int(version)


def _possible(changes: dict[str, dict[str, Any]]) -> None:
    for group, values in changes.items():
        for name in values:
            if name not in DEFAULTS.get(group, {}):
                raise NoSuchRule(f"There is no {group}.{name}.")
    try:
        ADAPTER.validate_python({group: values | changes.get(group, {}) for group, values in DEFAULTS.items()})
    except ValidationError as error:
        first = error.errors()[0]
        raise NoSuchRule(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
