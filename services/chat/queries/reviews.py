"""Reviews, who writes for an account, and what became of a problem."""

import json
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Locale
from libs.kit.sealing import Sealer
from services.chat.domain import Participant, RepresentativeMissing, Review, ReviewPurpose, Solution
from services.chat.domain.templates import LONGEST_VALUE, TemplatePurpose, house, rendered
from services.chat.queries.policies import BOOK
from services.chat.queries.templates import templates
from services.chat.tables import ConversationRow, RepresentativeRow, ReviewRow, SolutionRow

REVIEW = select(
    ReviewRow.id, ReviewRow.tenant, ReviewRow.specialist_id, ReviewRow.client_id, ReviewRow.clinic_id
).where(ReviewRow.id == bindparam("review"))
TOLD = select(RepresentativeRow.told).where(
    RepresentativeRow.tenant == bindparam("tenant"), RepresentativeRow.account_id == bindparam("account")
)
TALK = select(ConversationRow.id).where(ConversationRow.review_id == bindparam("review"))
SOLUTION = select(SolutionRow.version, SolutionRow.solved_at).where(
    SolutionRow.conversation_id == bindparam("conversation")
)


async def review_of(tx: AsyncSession, review_id: UUID) -> Review | None:
    """A review that was heard of."""
    row = (await tx.execute(REVIEW, {"review": review_id})).one_or_none()
    return Review(**row._mapping) if row else None  # noqa: SLF001 - a row's public way to be a mapping


async def talk_about(tx: AsyncSession, review_id: UUID) -> UUID | None:
    """The one conversation about a review, if there is one."""
    return (await tx.execute(TALK, {"review": review_id})).scalar_one_or_none()


async def review_greeting(
    tx: AsyncSession, sealer: Sealer, opener: Participant, *, purpose: ReviewPurpose, locale: Locale
) -> str:
    """The house's greeting for a talk about a review, in the name of who writes (P5)."""
    who = await introduction_of(tx, sealer, opener.tenant, opener.id)
    if who is None:
        raise RepresentativeMissing
    about: TemplatePurpose = "review_solve" if purpose == "solve" else "review_thank"
    (template,) = await templates(tx, opener.tenant, purpose=about, locale=locale)
    rules = await BOOK.rules_of(tx, opener.tenant)
    return rendered(template, {"name": ", ".join(who)[:LONGEST_VALUE]}, house=house(rules.consultations))


async def introduction_of(tx: AsyncSession, sealer: Sealer, tenant: str, account_id: UUID) -> list[str] | None:
    """Name, position and organisation of who writes for an account; None if nobody said."""
    told = await tx.scalar(TOLD, {"tenant": tenant, "account": account_id})
    if told is None:
        return None
    found: list[str] = json.loads(sealer.open(told, to=place_of_introduction(tenant, account_id)))
    return found


async def solution_of(tx: AsyncSession, room: ConversationRow) -> Solution:
    """What the author of the review last said of its problem."""
    row = (await tx.execute(SOLUTION, {"conversation": room.id})).one_or_none()
    version, solved_at = row or (0, None)
    if room.review_id is None:
        raise ValueError("there is no review")
    return Solution(
        conversation_id=room.id, tenant=room.tenant, review_id=room.review_id, specialist_id=room.specialist_id,
        version=version, solved_at=solved_at,
    )  # fmt: skip


def place_of_introduction(tenant: str, account_id: UUID) -> str:
    """Where it is sealed to."""
    return f"representative {tenant} {account_id}"
