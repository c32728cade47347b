"""Specialists, and what they say of their work."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.etags import IfMatch, PreconditionMissing, VersionPassed, tag
from libs.kit.http import Caller, Client, Router, Snapshot, Specialist, Transaction
from libs.kit.messengers import LoginMalformed, login
from libs.kit.problems import documented
from libs.kit.sealing import Sealer
from services.intake import commands, queries
from services.intake.api.house import resources_of
from services.intake.domain import NotEligible, RequestUnknown
from services.intake.domain.specialists import (
    PriceBand,
    PriceImpossible,
    Profile,
    SpecialistUnknown,
    helped_by,
    priced,
    reachable,
)
from services.intake.queries.specialists import profile_of, session_was_held
from services.intake.schemas.specialists import (
    LinkView,
    MessengersView,
    NewPriceBand,
    NewProfile,
    PaymentView,
    ProfileView,
    PublicProfileView,
    SpecialistView,
)

routes = Router(prefix="/v1", tags=["specialists"])


@routes.post("/specialists", status_code=201)
async def join(specialist: Specialist, tx: Transaction) -> SpecialistView:
    """Take part from now on. Joining again changes nothing."""
    await commands.join(tx, specialist.id, tenant=specialist.tenant, now=await queries.moment(tx))
    return SpecialistView.model_validate({"id": specialist.id, "joined_at": await queries.joined_at(tx, specialist.id)})


@routes.get("/specialists/me", responses=documented(NotEligible))
async def get_own_profile(specialist: Specialist, tx: Snapshot, http: Request, response: Response) -> ProfileView:
    """What you say of your work. Its ETag is what a change has to send in If-Match."""
    return await _own(tx, resources_of(http).sealer, specialist.id, response)


@routes.put(
    "/specialists/me",
    responses=documented(NotEligible, LoginMalformed, PriceImpossible, PreconditionMissing, VersionPassed),
)
async def change_own_profile(
    new: NewProfile, specialist: Specialist, tx: Transaction, *, http: Request, response: Response,
    if_match: IfMatch = None,
) -> ProfileView:  # fmt: skip
    """Say it anew, whole. Requests that you can see from now on follow your languages and whom you work with."""
    now, wanted, sealer = await queries.moment(tx), _meant(new), resources_of(http).sealer
    await commands.change_profile(tx, sealer, specialist.id, wanted, if_match, tenant=specialist.tenant, now=now)
    return await _own(tx, sealer, specialist.id, response)


@routes.get("/specialists/{specialist_id}", responses=documented(SpecialistUnknown))
async def get_profile(specialist_id: UUID, caller: Caller, tx: Snapshot, http: Request) -> PublicProfileView:
    """What a specialist of your house says of their work; not how to write to them, and not how to pay."""
    del caller
    profile = await profile_of(tx, resources_of(http).sealer, specialist_id)
    if profile is None:
        raise SpecialistUnknown
    return PublicProfileView.model_validate({"id": specialist_id} | asdict(profile))


@routes.get("/requests/{request_id}/messengers", responses=documented(RequestUnknown))
async def get_messengers(request_id: UUID, client: Client, tx: Snapshot, http: Request) -> MessengersView:
    """Where you can write to the specialist who works with you, when your house allows it (D3, B13)."""
    specialist_id = helped_by(await queries.request_of(tx, request_id), client.id)
    policy = (await queries.rules_of(tx, client.tenant)).profile.off_platform
    held = await session_was_held(tx, request_id, specialist_id)
    profile = await profile_of(tx, resources_of(http).sealer, specialist_id)
    links = reachable(policy, profile.messengers if profile else {}, held=held)
    return MessengersView(
        policy=policy, links=[LinkView(messenger=each.messenger, urls=list(each.urls)) for each in links]
    )


@routes.get("/requests/{request_id}/payment", responses=documented(RequestUnknown))
async def get_payment(request_id: UUID, client: Client, tx: Snapshot, http: Request) -> PaymentView:
    """How to pay the specialist who works with you; it is between the two of you (B18)."""
    specialist_id = helped_by(await queries.request_of(tx, request_id), client.id)
    profile = await profile_of(tx, resources_of(http).sealer, specialist_id)
    return PaymentView(instructions=profile.payment if profile else None)


def _meant(new: NewProfile) -> Profile:
    """What was sent, in its one form: sets in order, logins and prices looked at."""
    return Profile(
        languages=tuple(sorted(set(new.languages))), accepts_minors=new.accepts_minors,
        verticals=tuple(sorted(set(new.verticals))), zone=new.zone, prices=_bands(new.prices),
        messengers={each.messenger: login(each.messenger, each.login) for each in new.messengers}, payment=new.payment,
    )  # fmt: skip


def _bands(bands: Sequence[NewPriceBand]) -> tuple[PriceBand, ...]:
    return priced([PriceBand(each.region, each.currency, each.lowest, each.highest) for each in bands])


async def _own(tx: AsyncSession, sealer: Sealer, specialist_id: UUID, response: Response) -> ProfileView:
    profile = await profile_of(tx, sealer, specialist_id)
    if profile is None:
        raise NotEligible
    tag(response, profile.version)
    logins = [{"messenger": name, "login": profile.messengers[name]} for name in sorted(profile.messengers)]
    return ProfileView.model_validate(asdict(profile) | {"id": specialist_id, "messengers": logins})
