"""Profiles, for their owners, for everybody in the house, and for their owners' clients."""

import json
from collections.abc import Mapping
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Row, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Messenger
from libs.kit.messengers import Login
from libs.kit.sealing import Sealer
from services.intake.domain.specialists import PriceBand, Profile
from services.intake.tables import SessionRow, SpecialistRow
from services.intake.tables.specialists import ProfileRow

KNOWN = (
    select(
        SpecialistRow.languages, SpecialistRow.accepts_minors, func.coalesce(ProfileRow.version, 0).label("version"),
        ProfileRow.verticals, ProfileRow.zone, ProfileRow.prices, ProfileRow.contact, ProfileRow.messengers,
        ProfileRow.payment, SpecialistRow.id, SpecialistRow.tenant,
    )
    .outerjoin(
        ProfileRow, (ProfileRow.specialist_id == SpecialistRow.id) & (ProfileRow.tenant == SpecialistRow.tenant)
    )
    .where(SpecialistRow.id == bindparam("specialist_id"))
)  # fmt: skip
HELD = select(
    select(SessionRow.id)
    .where(or_(*(each == bindparam("request_id") for each in (SessionRow.request_id, SessionRow.booked_under))))
    .where(SessionRow.specialist_id == bindparam("specialist_id"), SessionRow.outcome == "held")
    .exists()
)


class Contact(TypedDict):
    """What a specialist tells their own clients alone."""

    messengers: Mapping[Messenger, Login]
    payment: str | None


async def profile_of(tx: AsyncSession, sealer: Sealer, specialist_id: UUID) -> Profile | None:
    """What a specialist says of their work; None when there is no such specialist in this house."""
    row = (await tx.execute(KNOWN, {"specialist_id": specialist_id})).one_or_none()
    return _profile(row, sealer) if row else None


def seal_contact(sealer: Sealer, said: Profile, tenant: str, specialist_id: UUID) -> bytes:
    """Seal how to write to a specialist and how to pay them: in another row it cannot be read."""
    contact = Contact(messengers=dict(said.messengers), payment=said.payment)
    return sealer.seal(json.dumps(contact), to=_place(tenant, specialist_id))


async def session_was_held(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> bool:
    """Whether these two have had a session, under this request or, after a merge, under the earlier one."""
    return bool(await tx.scalar(HELD, {"request_id": request_id, "specialist_id": specialist_id}))


def _profile(row: Row[*tuple[object, ...]], sealer: Sealer) -> Profile:
    contact = Contact(messengers=row.messengers or {}, payment=row.payment)
    if row.contact is not None:
        contact = json.loads(sealer.open(row.contact, to=_place(row.tenant, row.id)))
    return Profile(
        version=row.version, languages=tuple(row.languages), accepts_minors=row.accepts_minors,
        verticals=tuple(row.verticals or ()), zone=row.zone,
        prices=tuple(PriceBand(**band) for band in row.prices or ()), **contact,
    )  # fmt: skip


def _place(tenant: str, specialist_id: UUID) -> str:
    return f"{tenant} specialist {specialist_id} contact"
