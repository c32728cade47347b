"""Profiles, for their owners, for everybody in the house, and for their owners' clients."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Row, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Messenger
from libs.kit.messengers import Login
from services.intake.domain.specialists import PriceBand, Profile
from services.intake.tables import SessionRow, SpecialistRow
from services.intake.tables.specialists import ProfileRow

KNOWN = (
    select(
        SpecialistRow.languages, SpecialistRow.accepts_minors, func.coalesce(ProfileRow.version, 0).label("version"),
        ProfileRow.verticals, ProfileRow.zone, ProfileRow.prices, ProfileRow.messengers, ProfileRow.payment,
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
MESSENGERS = select(ProfileRow.messengers).where(ProfileRow.specialist_id == bindparam("specialist_id"))
PAYMENT = select(ProfileRow.payment).where(ProfileRow.specialist_id == bindparam("specialist_id"))


async def profile_of(tx: AsyncSession, specialist_id: UUID) -> Profile | None:
    """What a specialist says of their work; None when there is no such specialist in this house."""
    row = (await tx.execute(KNOWN, {"specialist_id": specialist_id})).one_or_none()
    return _profile(row) if row else None


async def session_was_held(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> bool:
    """Whether these two have had a session, under this request or, after a merge, under the earlier one."""
    return bool(await tx.scalar(HELD, {"request_id": request_id, "specialist_id": specialist_id}))


async def logins_of(tx: AsyncSession, specialist_id: UUID) -> Mapping[Messenger, Login]:
    """Where a specialist can be written to."""
    return await tx.scalar(MESSENGERS, {"specialist_id": specialist_id}) or {}


async def payment_of(tx: AsyncSession, specialist_id: UUID) -> str | None:
    """How a specialist is paid, in their own words."""
    found: str | None = await tx.scalar(PAYMENT, {"specialist_id": specialist_id})
    return found


def _profile(row: Row[*tuple[object, ...]]) -> Profile:
    return Profile(
        version=row.version, languages=tuple(row.languages), accepts_minors=row.accepts_minors,
        verticals=tuple(row.verticals or ()), zone=row.zone, messengers=row.messengers or {}, payment=row.payment,
        prices=tuple(PriceBand(**band) for band in row.prices or ()),
    )  # fmt: skip
