"""Talks about reviews: hearing of reviews, opening talks, and what became of the problem."""

import json
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.chat import ConversationOpened
from libs.events.intake import Locale
from libs.events.partners import ReviewChanged, ReviewLeft
from libs.kit.sealing import Sealer
from libs.kit.sql import bare
from services.chat import domain, queries
from services.chat.commands.messages import Delivery, send_message
from services.chat.domain import Draft, Participant, ReviewPurpose, ReviewTalkedAbout
from services.chat.queries import Vault
from services.chat.tables import ConversationRow, RepresentativeRow, ReviewRow, SolutionRow

_review = upsert(ReviewRow)
HEAR = _review.on_conflict_do_update(
    index_elements=[ReviewRow.id],
    set_={
        "specialist_id": _review.excluded.specialist_id,
        "client_id": _review.excluded.client_id,
        "clinic_id": _review.excluded.clinic_id,
        "version": _review.excluded.version,
    },
    where=ReviewRow.version < _review.excluded.version,
)
_representative = upsert(RepresentativeRow)
INTRODUCE = _representative.on_conflict_do_update(
    index_elements=[RepresentativeRow.tenant, RepresentativeRow.account_id],
    set_={"told": _representative.excluded.told, "at": _representative.excluded.at},
)
_talk = upsert(ConversationRow).values(
    since_seq=0, last_seq=0, released_at=None, released_seq=None, first_reply_seq=None
)
OPEN = _talk.on_conflict_do_nothing(index_elements=[ConversationRow.tenant, ConversationRow.review_id]).returning(
    ConversationRow.id
)
_solution = upsert(SolutionRow)
SETTLE = _solution.on_conflict_do_update(
    index_elements=[SolutionRow.conversation_id],
    set_={"version": _solution.excluded.version, "solved_at": _solution.excluded.solved_at},
)


class Introduction(NamedTuple):
    """Who writes to patients, as they are told."""

    name: str
    position: str
    organisation: str


async def hear_review(tx: AsyncSession, review: ReviewLeft | ReviewChanged) -> None:
    """Know of a review; the greatest version is the truth, in whatever order they come."""
    row = {
        "id": review.review_id, "tenant": review.tenant, "specialist_id": review.specialist_id,
        "client_id": review.client_id, "clinic_id": review.clinic_id, "version": review.version,
    }  # fmt: skip
    await tx.execute(HEAR, row)


async def introduce(
    tx: AsyncSession, sealer: Sealer, who: Introduction, *, tenant: str, account_id: UUID, now: datetime
) -> None:
    """Keep who writes to patients for an account (P4)."""
    told = sealer.seal(json.dumps(who), to=queries.place_of_introduction(tenant, account_id))
    await tx.execute(INTRODUCE, {"tenant": tenant, "account_id": account_id, "told": told, "at": now})


async def open_review_talk(
    tx: AsyncSession, vault: Vault, review_id: UUID, *, opener: Participant, purpose: ReviewPurpose,
    understood: bool, greeting: str | None, locale: Locale, now: datetime,
) -> tuple[ConversationOpened, Delivery]:  # fmt: skip
    """Open the one talk about a review, with its greeting as the first message, which its author is told of (P6)."""
    review = await queries.review_of(tx, review_id)
    known = await queries.introduction_of(tx, vault.sealer, opener.tenant, opener.id) is not None
    rules = await queries.rules_of(tx, opener.tenant)
    opened = domain.opened_about(
        review, opener, purpose=purpose, understood=understood, known=known,
        staff_access=rules.talk.staff_access, conversation_id=uuid7(), now=now,
    )  # fmt: skip
    row = {
        "id": opened.conversation_id, "tenant": opened.tenant, "purpose": purpose,
        "privacy_mode": opened.privacy_mode, "client_id": opened.client_id, "counterpart_id": opener.id,
        "counterpart_side": "clinic" if opened.clinic_id else "specialist", "specialist_id": opened.specialist_id,
        "review_id": review_id, "opened_at": now,
    }  # fmt: skip
    if (await tx.execute(OPEN, row)).one_or_none() is None:
        raise ReviewTalkedAbout
    await publish(tx, opened)
    words = greeting or await queries.review_greeting(tx, vault.sealer, opener, purpose=purpose, locale=locale)
    draft = Draft(conversation_id=opened.conversation_id, client_message_id=uuid7(), form="text", body=words.encode())
    return opened, await send_message(await bare(tx), vault, draft, sender=opener)


async def settle(
    tx: AsyncSession, conversation_id: UUID, client: Participant, *, solved: bool, now: datetime
) -> domain.Solution:
    """The author says that the problem is solved, or that it is not; said twice, it is said once."""
    room = await queries.conversation(tx, conversation_id, client, lock=True)
    if room.client_id != client.as_client:
        raise domain.NotYoursToEnd
    if room.purpose != "solve" or room.review_id is None:
        raise domain.NothingToSolve
    known = await queries.solution_of(tx, room)
    within = (await queries.rules_of(tx, room.tenant)).talk.undo_solved_within
    event = known.solved(now) if solved else known.reopened(now, within=within)
    if event is not None:
        row = {
            "conversation_id": room.id, "tenant": room.tenant, "version": event.version,
            "solved_at": now if solved else None,
        }  # fmt: skip
        await tx.execute(SETTLE, row)
        await publish(tx, event)
    return await queries.solution_of(tx, room)
