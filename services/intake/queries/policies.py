"""The house rules that bind a tenant now, and those that did before."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain import Rules
from services.intake.tables import PolicyRow

ADAPTER: Final = TypeAdapter(Rules)
DEFAULTS: Final = asdict(Rules())
HISTORY = (
    select(PolicyRow.version, PolicyRow.changes, PolicyRow.by, PolicyRow.at)
    .where(PolicyRow.tenant == bindparam("tenant"))
    .order_by(PolicyRow.version.desc())
)
NEWEST = (
    select(cast(PolicyRow.changes, Text))
    .where(PolicyRow.tenant == bindparam("tenant"))
    .order_by(PolicyRow.version.desc())
    .limit(1)
)


class PolicyVersion(NamedTuple):
    """What a tenant changed of the house rules, by group and name; who changed it, and when."""

    version: int
    changes: dict[str, Any]
    by: UUID
    at: datetime


async def rules_of(tx: AsyncSession, tenant: str) -> Rules:
    """The rules that bind this tenant now."""
    return rules_with(await tx.scalar(NEWEST, {"tenant": tenant}))


async def policy_history(tx: AsyncSession, tenant: str) -> Sequence[PolicyVersion]:
    """All versions, the newest first; none where the defaults hold."""
    return [PolicyVersion(*row) for row in await tx.execute(HISTORY, {"tenant": tenant})]


@lru_cache(maxsize=64)
def rules_with(changes: str | None) -> Rules:
    """The default rules with these changes, as they are kept: `{"race": {"zone": "Europe/Kyiv"}}`."""
    changed = json.loads(changes) if changes else {}
    return ADAPTER.validate_python({group: values | changed.get(group, {}) for group, values in DEFAULTS.items()})
