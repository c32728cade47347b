"""Joining as a specialist, and saying what one's work is like."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import SpecialistJoined
from libs.kit.etags import require_match
from services.intake.domain import NotEligible, specialists
from services.intake.domain.specialists import Profile
from services.intake.queries.specialists import profile_of
from services.intake.tables import SpecialistRow
from services.intake.tables.specialists import ProfileRow

JOIN = upsert(SpecialistRow).on_conflict_do_nothing().returning(SpecialistRow.id)
LOCK = select(SpecialistRow.id).where(SpecialistRow.id == bindparam("specialist_id")).with_for_update()
SEEN_BY_THE_RACE = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"))
    .values(languages=bindparam("now_languages"), accepts_minors=bindparam("now_minors"))
)
KEPT = ("version", "verticals", "zone", "prices", "messengers", "payment")
_say = upsert(ProfileRow)
SAY = _say.on_conflict_do_update(
    index_elements=["specialist_id", "tenant"], set_={name: _say.excluded[name] for name in KEPT}
)


async def join(tx: AsyncSession, specialist_id: UUID, *, tenant: str, now: datetime) -> None:
    """From here on the specialist may take requests; joining again changes nothing."""
    joined = await tx.scalar(JOIN, {"id": specialist_id, "tenant": tenant, "joined_at": now})
    if joined is not None:
        await publish(tx, SpecialistJoined(tenant=tenant, at=now, specialist_id=specialist_id))


async def change_profile(
    tx: AsyncSession, specialist_id: UUID, wanted: Profile, if_match: str | None, *, tenant: str, now: datetime
) -> None:
    """Let a profile be as it is wanted, if it still is as it was seen; the race and the feed see it at once."""
    await tx.execute(LOCK, {"specialist_id": specialist_id})
    known = await profile_of(tx, specialist_id)
    if known is None:
        raise NotEligible
    require_match(if_match, known.version)
    said = specialists.change(known, wanted, tenant=tenant, specialist_id=specialist_id, now=now)
    if said is None:
        return
    race = {"now_languages": list(wanted.languages), "now_minors": wanted.accepts_minors}
    await tx.execute(SEEN_BY_THE_RACE, {"specialist_id": specialist_id} | race)
    await tx.execute(SAY, _row(wanted) | {"specialist_id": specialist_id, "tenant": tenant, "version": said.version})
    await publish(tx, said)


def _row(wanted: Profile) -> dict[str, Any]:
    return {
        "verticals": list(wanted.verticals), "zone": wanted.zone, "prices": [asdict(band) for band in wanted.prices],
        "messengers": dict(wanted.messengers), "payment": wanted.payment,
    }  # fmt: skip
