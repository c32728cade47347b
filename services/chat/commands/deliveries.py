"""Handing notifications to couriers: decided and written down first, sent outside of any transaction, then marked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.kit.couriers import Couriers, Kind, Outcome, Parcel
from libs.kit.metrics import GIVEN_UP
from libs.kit.sealing import Sealer, Unsealable
from services.chat.commands.entries import make_entry, token_of
from services.chat.domain import notifications as domain
from services.chat.domain.addresses import Address
from services.chat.domain.rules.notifications import NotificationRules
from services.chat.queries.addresses import address_of
from services.chat.queries.notifications import Taken, take_notification
from services.chat.queries.policies import rules_of

WAIT: Final = "UPDATE notifications SET look_at = $2 WHERE id = $1"
DROP: Final = """
UPDATE notifications SET state = $2, why = $3, look_at = NULL, done_at = $4 WHERE id = $1 AND done_at IS NULL
"""
MUTE: Final = """
UPDATE attentions SET muted_by = 'ignored', muted_at = $3 WHERE conversation_id = $1 AND person_id = $2
"""
# What is handed over to a client counts as ignored until they read; mail to others does not.
COUNT: Final = """
UPDATE attentions SET ignored = ignored + $4, told_at = $3 WHERE conversation_id = $1 AND person_id = $2
"""
HAND: Final = """
UPDATE notifications SET state = 'handed', kind = $2, attempts = attempts + 1, look_at = $3, run = coalesce($4, run),
  handed_at = coalesce(handed_at, $5) WHERE id = $1
"""
TOLD: Final = """
UPDATE attentions a SET told_at = $2 FROM notifications n
WHERE n.id = $1 AND a.conversation_id = n.conversation_id AND a.person_id = n.person_id AND a.run = n.run
"""
# What never arrived was not ignored.
UNCOUNT: Final = """
UPDATE attentions a SET ignored = greatest(a.ignored - 1, 0) FROM notifications n
WHERE n.id = $1 AND n.done_at IS NULL AND a.conversation_id = n.conversation_id AND a.person_id = n.person_id
  AND a.run = n.run
"""
# Who erases a talk locks it first and lets go of everything after; whoever marks waits here, holding nothing.
STANDS: Final = """
SELECT FROM conversations c JOIN notifications n ON n.conversation_id = c.id WHERE n.id = $1 FOR KEY SHARE OF c
"""
LATER: Final = "UPDATE notifications SET look_at = $3, why = $4 WHERE id = $1 AND state = 'handed' AND attempts = $2"
# Whoever sweeps waits for nobody: what somebody holds is taken by the next round.
FORGET: Final = """
DELETE FROM notifications WHERE id IN (
  SELECT id FROM notifications WHERE tenant = $1 AND done_at <= $2 FOR UPDATE SKIP LOCKED)
"""
log = structlog.get_logger()


@dataclass(frozen=True)
class Desk:
    """What handing over needs beside the database: the keys of addresses, where links lead, and couriers."""

    sealer: Sealer
    entry_url: str
    couriers: Couriers


@dataclass(frozen=True)
class Handed:
    """A notification that a courier is to have now, and which attempt it is."""

    parcel: Parcel
    attempt: int
    rules: NotificationRules


async def hand_over(tx: AsyncSession, desk: Desk, notification_id: UUID, *, now: datetime) -> Handed | None:
    """Decide on one notification that is due; None if there is nothing to send for now, or somebody else decides."""
    taken = await take_notification(tx, notification_id, now=now)
    if taken is None:
        return None
    rules = (await rules_of(tx, taken.tenant)).notifications
    match verdict := domain.judge(taken.due, taken.who, rules, now):
        case "wait":
            await _run(tx, WAIT, taken.id, domain.due_at(taken.due, taken.who, rules))
        case "hand_over":
            return await _handed(tx, desk, taken, rules, now)
        case "exhausted":
            await _give_up(tx, taken.id, taken.kind, "exhausted", now)
        case "mute":
            await _mute(tx, taken, now)
        case _:
            await _run(tx, DROP, taken.id, "dropped", verdict, now)
    return None


async def mark(tx: AsyncSession, handed: Handed, outcome: Outcome, *, now: datetime) -> None:
    """Write down what became of it. Until this is committed, a repeat goes out under the same id."""
    parcel = handed.parcel
    await _run(tx, STANDS, parcel.id)
    match outcome.kind:
        case "delivered":
            # The person's row before the notification's: the order in which everybody locks them.
            await _run(tx, TOLD, parcel.id, now)
            await _run(tx, DROP, parcel.id, "sent", None, now)
        case "later":
            again = now + domain.pause(handed.attempt, outcome.after, handed.rules)
            await _run(tx, LATER, parcel.id, handed.attempt, again, outcome.why)
        case "refused":
            await _give_up(tx, parcel.id, parcel.kind, outcome.why, now)


async def forget_deliveries(tx: AsyncSession, tenant: str, *, now: datetime) -> None:
    """Let go of what was told long ago."""
    await _run(tx, FORGET, tenant, now - (await rules_of(tx, tenant)).notifications.kept_for)


async def _handed(tx: AsyncSession, desk: Desk, taken: Taken, rules: NotificationRules, now: datetime) -> Handed | None:
    try:
        address = await address_of(tx, desk.sealer, tenant=taken.tenant, person_id=taken.person_id)
    except Unsealable:
        await _give_up(tx, taken.id, taken.kind, "unsealable", now)
        return None
    kind = _kind(taken, address)
    if address is None or kind is None:
        await _run(tx, DROP, taken.id, "dropped", "no_address", now)
        return None
    counts = taken.due.side == "client" and taken.counted_in != taken.run
    await _run(tx, COUNT, taken.conversation_id, taken.person_id, now, int(counts))
    await _run(tx, HAND, taken.id, kind, now + rules.attempt_lasts, taken.run if counts else None, now)
    link = await _link(tx, desk, taken, now + rules.entry_lasts) if taken.due.side == "client" else None
    return Handed(_parcel(taken.id, kind, address, link), taken.due.attempts + 1, rules)


def _kind(taken: Taken, address: Address | None) -> Kind | None:
    """A client gets an SMS, or without a phone a mail (P6); specialists and clinics get mail (P8)."""
    if address is None:
        return None
    if taken.due.side == "client" and address.phone:
        return "sms"
    return "mail" if address.mail else None


async def _link(tx: AsyncSession, desk: Desk, taken: Taken, expires_at: datetime) -> str:
    token = token_of(desk.sealer, taken.id)
    await make_entry(
        tx, token, tenant=taken.tenant, conversation_id=taken.conversation_id, person_id=taken.person_id,
        expires_at=expires_at,
    )  # fmt: skip
    return desk.entry_url.replace("{token}", token)


def _parcel(notification_id: UUID, kind: Kind, address: Address, link: str | None) -> Parcel:
    subject, text = domain.worded(address.locale, link)
    if kind == "sms":
        return Parcel(notification_id, kind, address.phone or "", text)
    return Parcel(notification_id, kind, address.mail or "", text, subject=subject)


async def _mute(tx: AsyncSession, taken: Taken, now: datetime) -> None:
    await _run(tx, MUTE, taken.conversation_id, taken.person_id, now)
    await _run(tx, DROP, taken.id, "dropped", "muted", now)
    await publish(tx, domain.ignored(taken.conversation_id, taken.due.side, tenant=taken.tenant, now=now))


async def _give_up(tx: AsyncSession, notification_id: UUID, kind: Kind | None, why: str, now: datetime) -> None:
    """Say so where operators look: a notification that nobody got is not ignored, and not forgotten silently."""
    await _run(tx, UNCOUNT, notification_id)
    await _run(tx, DROP, notification_id, "given_up", why, now)
    GIVEN_UP.labels(kind or "none", why).inc()
    log.warning("notification.given_up", notification_id=str(notification_id), kind=kind, why=why)


async def _run(tx: AsyncSession, statement: str, *values: Any) -> None:
    connection = await tx.connection()
    await connection.exec_driver_sql(statement, values)
