"""The inbox: which events a reactor has already heard, kept in the effect's own transaction."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

_ENTER = sa.text(
    "INSERT INTO inbox (subscriber, event_id) SELECT :subscriber, id FROM unnest(CAST(:ids AS uuid[])) AS id "
    "ON CONFLICT DO NOTHING RETURNING event_id"
)
_PRUNE = sa.text("DELETE FROM inbox WHERE at < clock_timestamp() - CAST(:older_than AS interval)")


async def fresh(tx: AsyncSession, subscriber: str, ids: Sequence[UUID]) -> set[UUID]:
    """Enter these events; give back those that were not there. Two of one id in a batch count once."""
    entered = await tx.execute(_ENTER, {"subscriber": subscriber, "ids": list(ids)})
    return set(entered.scalars())


async def prune(tx: AsyncSession, older_than: timedelta) -> None:
    """Forget what can no longer come again: duplicates come from re-sends, which are minutes apart, not weeks."""
    await tx.execute(_PRUNE, {"older_than": older_than})
