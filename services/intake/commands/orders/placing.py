"""Offering and ordering."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.orders import ServiceKind
from libs.kit.etags import VersionPassed, require_match
from libs.kit.sealing import Sealer
from services.intake.commands.orders.turning import ONE_AT_A_TIME
from services.intake.commands.orders.words import keep_words
from services.intake.domain import orders as domain
from services.intake.domain.orders import Order, Part, Price, Terms
from services.intake.queries.offers import avoided, terms_of
from services.intake.queries.orders import customer_of
from services.intake.queries.policies import rules_of
from services.intake.tables.orders import HolidaysRow, OrderRow, ServiceTermsRow

OFFER = upsert(ServiceTermsRow).on_conflict_do_nothing().returning(ServiceTermsRow.version)
PLACE = insert(OrderRow)
_holidays = upsert(HolidaysRow)
GO_AWAY = _holidays.on_conflict_do_update(
    index_elements=["specialist_id", "tenant"],
    set_={"firsts": _holidays.excluded.firsts, "lasts": _holidays.excluded.lasts},
)


async def offer_kind(
    tx: AsyncSession, specialist_id: UUID, kind: ServiceKind, *, also: frozenset[Part], price: Price, offered: bool,
    seen: str | None, tenant: str, now: datetime,
) -> Terms:  # fmt: skip
    """A new version of what a specialist offers, by who has seen the one before; of two at once one is told so."""
    before, rules = await terms_of(tx, specialist_id, kind), (await rules_of(tx, tenant)).orders
    if before is not None:
        require_match(seen, before.version)
    terms = domain.offer(specialist_id, kind, before, also=also, price=price, offered=offered, rules=rules)
    if terms == before:
        return terms
    row = {
        "specialist_id": specialist_id, "kind": kind, "version": terms.version, "tenant": tenant, "offered": offered,
        "includes": sorted(terms.includes), "currency": price.currency, "price_least": price.least,
        "price_most": price.most, "wait_least": terms.wait_least, "wait_most": terms.wait_most, "since": now,
    }  # fmt: skip
    if await tx.scalar(OFFER, row) is None:
        raise VersionPassed
    return terms


async def place_order(
    tx: AsyncSession, sealer: Sealer, specialist_id: UUID, kind: ServiceKind, *, terms_version: int,
    words: Sequence[str], client_id: UUID, tenant: str, now: datetime,
) -> Order:  # fmt: skip
    """Order on terms that were read. A client's orders are placed one after the other, so that bounds hold."""
    rules = (await rules_of(tx, tenant)).orders
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant, "client": str(client_id)})
    unwanted = await avoided(tx, specialist_id, client_id)
    terms = domain.acknowledged(await terms_of(tx, specialist_id, kind), terms_version, avoided=unwanted)
    customer = await customer_of(tx, client_id, specialist_id, since=now - rules.urgent_per)
    turn = domain.place(
        uuid7(), client_id, terms, customer, tenant=tenant, urgent=domain.says_urgent(words[0]),
        questions=domain.checked(kind, words, earlier=0, rules=rules), now=now, rules=rules,
    )  # fmt: skip
    await tx.execute(PLACE, {each.name: getattr(turn.after, each.name) for each in fields(Order)})
    await keep_words(tx, sealer, turn.after, words, behind=0, now=now)
    await publish(tx, *turn.says)
    return turn.after


async def name_holidays(
    tx: AsyncSession, specialist_id: UUID, named: Sequence[tuple[date, date]], *, tenant: str, now: datetime
) -> None:
    """When a specialist is away, instead of what was named before; every wait is told with it from now on."""
    rules = await rules_of(tx, tenant)
    kept = domain.holidays_of(named, now=now, zone=rules.race.zone, rules=rules.orders)
    row = {
        "specialist_id": specialist_id, "tenant": tenant, "firsts": [each[0] for each in kept],
        "lasts": [each[1] for each in kept],
    }  # fmt: skip
    await tx.execute(GO_AWAY, row)
