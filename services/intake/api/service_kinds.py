"""What specialists offer, on what terms, and when they are away."""

from uuid import UUID

from fastapi import Response

from libs.events.orders import ServiceKind
from libs.kit.etags import IfMatch, PreconditionMissing, VersionPassed, tag
from libs.kit.http import Caller, Router, Snapshot, Specialist, Transaction
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain.orders import HolidayMalformed, NotPartOfThis, Price, PriceUpsideDown, Terms
from services.intake.schemas.offers import (
    HolidaysView,
    HolidayView,
    NewHolidays,
    NewOffer,
    PriceView,
    TermsView,
)

routes = Router(prefix="/v1", tags=["orders"])


@routes.get("/service-kinds")
async def list_service_kinds(specialist_id: UUID, caller: Caller, tx: Snapshot) -> list[TermsView]:
    """What a specialist offers, each kind with the terms that bind now; at most one of each of the five kinds."""
    # A list that showed what an order then denies would tell a client of the specialist's private one (C9).
    if await queries.offers.avoided(tx, specialist_id, caller.id):
        return []
    return [shown(terms) for terms in await queries.offers.offers_of(tx, specialist_id)]


@routes.put(
    "/service-kinds/{kind}",
    responses=documented(NotPartOfThis, PriceUpsideDown, PreconditionMissing, VersionPassed),
)
async def offer_service_kind(
    kind: ServiceKind, new: NewOffer, specialist: Specialist, tx: Transaction, *, response: Response,
    if_match: IfMatch = None,
) -> TermsView:  # fmt: skip
    """Offer a kind of service, or change what you offer: a new version, which new orders acknowledge."""
    price = Price(new.price.currency, new.price.least, new.price.most)
    terms = await commands.orders.offer_kind(
        tx, specialist.id, kind, also=frozenset(new.also), price=price, offered=new.offered, seen=if_match,
        tenant=specialist.tenant, now=await queries.moment(tx),
    )  # fmt: skip
    tag(response, terms.version)
    return shown(terms)


@routes.get("/holidays")
async def get_holidays(specialist: Specialist, tx: Snapshot) -> HolidaysView:
    """When you said to be away."""
    named = await queries.offers.holidays_of(tx, specialist.id)
    return HolidaysView(holidays=[HolidayView(first=first, last=last) for first, last in named])


@routes.put("/holidays", responses=documented(HolidayMalformed))
async def name_holidays(new: NewHolidays, specialist: Specialist, tx: Transaction) -> HolidaysView:
    """Say when you are away. Whoever waits for you is told so with the wait."""
    named, now = [(each.first, each.last) for each in new.holidays], await queries.moment(tx)
    await commands.orders.name_holidays(tx, specialist.id, named, tenant=specialist.tenant, now=now)
    return await get_holidays(specialist, tx)


def shown(terms: Terms) -> TermsView:
    """Terms as they go over HTTP."""
    return TermsView(
        kind=terms.kind, terms_version=terms.version, offered=terms.offered, includes=sorted(terms.includes),
        excludes=sorted(terms.excludes), clock=terms.clock, wait_least=terms.wait_least, wait_most=terms.wait_most,
        price=PriceView.model_validate(terms.price), recording_allowed=True,
    )  # fmt: skip
