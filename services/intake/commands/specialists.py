"""Joining as a specialist, and saying what one's work is like."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import SpecialistJoined
from libs.kit.etags import require_match
from libs.kit.sealing import Sealer
from services.intake.domain import NotEligible, specialists
from services.intake.domain.specialists import Profile
from services.intake.queries import lock_specialist
from services.intake.queries.specialists import profile_of, seal_contact
from services.intake.tables import SpecialistRow
from services.intake.tables.specialists import ProfileRow

JOIN = upsert(SpecialistRow).on_conflict_do_nothing().returning(SpecialistRow.id)
SEEN_BY_THE_RACE = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"))
    .values(languages=bindparam("now_languages"), accepts_minors=bindparam("now_minors"))
)
KEPT = ("version", "verticals", "zone", "prices", "contact", "messengers", "payment")
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
    tx: AsyncSession, sealer: Sealer, specialist_id: UUID, wanted: Profile, if_match: str | None, *, tenant: str,
    now: datetime,
) -> None:  # fmt: skip
    """Let a profile be as it is wanted, if it still is as it was seen; the race and the feed see it at once."""
    await lock_specialist(tx, specialist_id)
    known = await profile_of(tx, sealer, specialist_id)
    if known is None:
        raise NotEligible
    require_match(if_match, known.version)
    said = specialists.change(known, wanted, tenant=tenant, specialist_id=specialist_id, now=now)
    if said is None:
        return
    race = {"now_languages": list(wanted.languages), "now_minors": wanted.accepts_minors}
    await tx.execute(SEEN_BY_THE_RACE, {"specialist_id": specialist_id} | race)
    row = _row(wanted) | {"contact": seal_contact(sealer, wanted, tenant, specialist_id), "version": said.version}
    await tx.execute(SAY, row | {"specialist_id": specialist_id, "tenant": tenant})
    await publish(tx, said)


def _row(wanted: Profile) -> dict[str, Any]:
    return {
        "verticals": list(wanted.verticals), "zone": wanted.zone, "prices": [asdict(band) for band in wanted.prices],
        "messengers": {}, "payment": None,  # Sealed, these are the contact.
    }  # fmt: skip
