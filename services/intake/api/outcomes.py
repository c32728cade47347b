"""How a request ends when it ends without a session, and what is said when somebody is in danger."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.helplines import HelplineView
from libs.kit.http import Client, Router, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain import (
    AlreadyAnswered,
    AnswerComesFirst,
    ChatComesFirst,
    ReferredToYourself,
    RequestClosed,
    RequestUnknown,
    asked_by,
    helplines_for,
    turns,
    won_by,
)
from services.intake.domain.specialists import SpecialistUnknown
from services.intake.schemas import Concern, Handed, NewReferral, RequestView

routes = Router(prefix="/v1", tags=["outcomes"])


@routes.post("/requests/{request_id}/withdrawal", responses=documented(RequestUnknown, RequestClosed))
async def withdraw_request(request_id: UUID, client: Client, tx: Transaction) -> RequestView:
    """Take your request back. Nobody is blamed for it, and doing so twice changes nothing.

    Sessions agreed for later are called off with it, but for those that it is too late to cancel: ask your specialist.
    """
    now = await queries.moment(tx)
    await commands.turn_request(tx, request_id, lambda it: turns.withdraw(asked_by(it, client.id), now=now))
    return await _seen(tx, request_id, client.id)


@routes.post("/requests/{request_id}/danger", responses=documented(RequestUnknown))
async def signal_danger(request_id: UUID, client: Client, tx: Transaction) -> RequestView:
    """I am in danger now: the request goes to the top, whoever rests may take it, and helplines are shown.

    The clinical team is asked to answer, and `/support/v1/own-cases` says whether somebody does. Nobody calls you by
    itself, so call a helpline. Say it again if it goes on. Who has your request already is not told.
    """
    now, rules = await queries.moment(tx), (await queries.rules_of(tx, client.tenant)).race
    await commands.turn_request(
        tx, request_id, lambda it: turns.signal_danger(asked_by(it, client.id), now=now, rules=rules)
    )
    return await _seen(tx, request_id, client.id)


@routes.post("/requests/{request_id}/call", responses=documented(RequestUnknown, RequestClosed, ChatComesFirst))
async def record_call(request_id: UUID, winner: Specialist, tx: Transaction) -> RequestView:
    """You have spoken to the client of a phone request: this is what keeps the promise (B1)."""
    now = await queries.moment(tx)
    await commands.turn_request(tx, request_id, lambda it: turns.reach(won_by(it, winner.id), now=now))
    return await _seen(tx, request_id, winner.id)


@routes.post(
    "/requests/{request_id}/unreachable",
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed, ChatComesFirst, AlreadyAnswered),
)
async def report_unreachable(request_id: UUID, winner: Specialist, tx: Transaction) -> Handed:
    """Nobody is to be found under the number, by call or messenger. It costs you neither wait nor figures (B14, D5)."""
    now = await queries.moment(tx)
    await commands.turn_request(tx, request_id, lambda it: turns.unreachable(won_by(it, winner.id), now=now))
    return Handed(request_id=request_id, outcome="unreachable", helplines=[])


@routes.post(
    "/requests/{request_id}/handover",
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed, AnswerComesFirst),
)
async def hand_over_minor(request_id: UUID, winner: Specialist, tx: Transaction) -> Handed:
    """Hand a minor, whom you have answered, to a colleague who works with minors. It costs you nothing (B17, D5)."""
    now = await queries.moment(tx)
    seen = await queries.seen_request(tx, request_id, winner.id)
    await commands.turn_request(tx, request_id, lambda it: turns.hand_over(won_by(it, winner.id), now=now))
    shown = [HelplineView.model_validate(each) for each in helplines_for(seen.country, seen.locale)]
    return Handed(request_id=request_id, outcome="handed_over", helplines=shown)


@routes.post(
    "/requests/{request_id}/referral",
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed, AnswerComesFirst, ReferredToYourself, SpecialistUnknown),
)
async def refer_client(request_id: UUID, new: NewReferral, winner: Specialist, tx: Transaction) -> Handed:
    """Send a client, whom you have answered, to somebody who can do more for them. It costs you nothing (C10, D5)."""
    now = await queries.moment(tx)
    if new.to_specialist_id is not None and await queries.racer_of(tx, new.to_specialist_id) is None:
        raise SpecialistUnknown
    await commands.turn_request(
        tx, request_id, lambda it: turns.refer(won_by(it, winner.id), new.to, new.to_specialist_id, now=now)
    )
    return Handed(request_id=request_id, outcome="referred", helplines=[])


@routes.post(
    "/requests/{request_id}/safety-concern",
    status_code=202,
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed),
)
async def raise_concern(request_id: UUID, concern: Concern, winner: Specialist, tx: Transaction) -> Handed:
    """You fear for the client: tick what you noticed. No word of the chat is sent.

    The clinical team is asked to answer, and `/support/v1/own-cases` says whether somebody does. Until then act as
    your own rules have it.
    """
    now, signs = await queries.moment(tx), tuple(sorted(set(concern.signs)))
    await commands.turn_request(tx, request_id, lambda it: turns.raise_concern(won_by(it, winner.id), signs, now=now))
    return Handed(request_id=request_id, outcome="concern_recorded", helplines=[])


async def _seen(tx: AsyncSession, request_id: UUID, viewer: UUID) -> RequestView:
    return RequestView.model_validate(await queries.seen_request(tx, request_id, viewer))
