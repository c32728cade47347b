"""Talks that a clinic or a specialist opens on a review of theirs (P1-P5, P14)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from libs.kit.auth import Principal
from libs.kit.http import Policy, Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import Held, participant_of
from services.chat.domain import (
    ADVICE,
    AuthorUnknown,
    NotUnderstood,
    Participant,
    RepresentativeMissing,
    ReviewTalkedAbout,
    ReviewUnknown,
)
from services.chat.schemas import (
    Advice,
    Conversation,
    NewReviewTalk,
    Representative,
    RepresentativeView,
    ReviewTalk,
)

routes = Router(prefix="/v1", tags=["reviews"])


def opener(caller: Annotated[Principal, Depends(Policy("specialist", "clinic"))]) -> Participant:
    """Whoever may have reviews."""
    return participant_of(caller)


Opener = Annotated[Participant, Depends(opener)]
ReviewId = Annotated[UUID, Path(description="The partner's id of the review.")]


@routes.put("/representatives/mine")
async def keep_representative(who: Representative, account: Opener, tx: Transaction, held: Held) -> RepresentativeView:
    """Say who writes to patients for you; needed before the first talk."""
    now, told = await queries.moment(tx), commands.Introduction(who.name, who.position, who.organisation)
    await commands.introduce(tx, held.vault.sealer, told, tenant=account.tenant, account_id=account.id, now=now)
    return RepresentativeView(name=who.name, position=who.position, organisation=who.organisation)


@routes.get("/representatives/mine", responses=documented(RepresentativeMissing))
async def get_representative(account: Opener, tx: Snapshot, held: Held) -> RepresentativeView:
    """Who writes to patients for you."""
    told = await queries.introduction_of(tx, held.vault.sealer, account.tenant, account.id)
    if told is None:
        raise RepresentativeMissing
    return RepresentativeView.model_validate(dict(zip(("name", "position", "organisation"), told, strict=True)))


@routes.get("/reviews/{review_id}/advice", responses=documented(ReviewUnknown))
async def get_review_advice(review_id: ReviewId, account: Opener, tx: Snapshot, held: Held) -> Advice:
    """What to know before you open a talk: show it before the button (P3, P14)."""
    review = await queries.review_of(tx, review_id)
    if review is None or review.opener_side(account) is None:
        raise ReviewUnknown
    told = await queries.introduction_of(tx, held.vault.sealer, account.tenant, account.id)
    return Advice(
        **ADVICE, representative=told is not None, author_known=review.client_id is not None,
        conversation_id=await queries.talk_about(tx, review_id),
    )  # fmt: skip


@routes.post(
    "/conversations",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(ReviewUnknown, RepresentativeMissing, AuthorUnknown, NotUnderstood, ReviewTalkedAbout),
)
async def open_review_talk(new: NewReviewTalk, account: Opener, tx: Transaction, held: Held) -> ReviewTalk:
    """Write to the author of a review. Who may read the talk is fixed now, for life, and shown to both (D2)."""
    now = await queries.moment(tx)
    opened, _ = await commands.open_review_talk(
        tx, held.vault, new.review_id, opener=account, purpose=new.purpose, understood=new.understood,
        greeting=new.greeting, locale=new.locale, now=now,
    )  # fmt: skip
    room = await queries.conversation(tx, opened.conversation_id, account)
    return ReviewTalk(conversation=Conversation.seen_by(account, room, {}), advice=ADVICE[new.purpose])
