"""What a press on Accept must know, in one trip."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import simulated
from libs.kit.sql import FastConnection
from services.intake.domain import Press, Pressed, Racer, Receipt, Request, Rules
from services.intake.queries.policies import rules_with
from services.intake.tables import SpecialistRow

# The database's clock judges (it is one, and the instances' clocks are many), unless a demonstration brings its own.
LOAD = """
SELECT coalesce($4, clock_timestamp()) AS now,
  r.id, r.tenant, r.client_id, r.kind, r.locale, r.one_off, r.opened_at, r.promised_until, r.shown_at, r.closes_at,
  r.age, r.direct_to, r.missed_at, r.kept_at, r.danger_at, r.round, r.accepted_by, r.accepted_at, r.rest_until,
  r.reply_due, r.answered_at, r.closed_at, r.closed_as,
  s.id IS NOT NULL AS joined, s.ready_at, s.on_duty_until, s.device_id, s.unanswered, s.accepts_minors, s.languages,
  EXISTS (SELECT FROM bars b WHERE b.request_id = $1 AND b.specialist_id = $2)
    OR EXISTS (SELECT FROM avoidances a WHERE a.specialist_id = $2 AND a.client_id = r.client_id AND a.tenant = $5)
    AS barred,
  p.request_id AS pressed_on, p.place, p.margin_ms, p.accepted_at AS lost_at, p.won,
  (SELECT changes::text FROM policies WHERE tenant = $5 ORDER BY version DESC LIMIT 1) AS policy
FROM (VALUES (1)) AS always
LEFT JOIN requests r ON r.id = $1
LEFT JOIN specialists s ON s.id = $2 AND s.tenant = $5
LEFT JOIN presses p ON p.specialist_id = $2 AND p.key = $3 AND p.tenant = $5
"""

HOUSES = select(SpecialistRow.tenant).distinct()


class Presser(NamedTuple):
    """Who presses, under which key, on which device."""

    specialist_id: UUID
    tenant: str
    key: str
    device_id: UUID | None


async def load_press(db: FastConnection, request_id: UUID, presser: Presser) -> tuple[Press, Rules]:
    """A press, with everything that is known of its request, its specialist and its earlier self; and its rules."""
    asked = (request_id, presser.specialist_id, presser.key, simulated.get(), presser.tenant)
    [row] = await db.fetch(LOAD, *asked)
    press = Press(
        now=row["now"], specialist_id=presser.specialist_id, key=presser.key, request=_request(row),
        racer=_racer(row, presser.specialist_id), device_id=presser.device_id, barred=row["barred"],
        earlier=_earlier(row),
    )  # fmt: skip
    return press, rules_with(row["policy"])


async def racing_houses(tx: AsyncSession) -> Sequence[str]:
    """The tenants in which somebody may have pressed."""
    return (await tx.scalars(HOUSES)).all()


def _request(row: asyncpg.Record) -> Request | None:
    if row["id"] is None:
        return None
    return Request(
        row["id"], row["tenant"], row["client_id"], row["kind"], row["locale"], row["one_off"], row["opened_at"],
        row["promised_until"], row["shown_at"], row["closes_at"], row["age"], row["direct_to"], row["missed_at"],
        row["kept_at"], row["danger_at"], row["round"], row["accepted_by"], row["accepted_at"], row["rest_until"],
        row["reply_due"], row["answered_at"], row["closed_at"], row["closed_as"],
    )  # fmt: skip


def _racer(row: asyncpg.Record, specialist_id: UUID) -> Racer | None:
    if not row["joined"]:
        return None
    return Racer(
        specialist_id, row["ready_at"], row["on_duty_until"], row["device_id"], row["unanswered"],
        row["accepts_minors"], frozenset(row["languages"]),
    )  # fmt: skip


def _earlier(row: asyncpg.Record) -> Pressed | None:
    if row["pressed_on"] is None:
        return None
    return Pressed(row["pressed_on"], Receipt(row["place"], row["margin_ms"], row["lost_at"]), row["won"])
