"""What a press on Accept must know, in one trip."""

from uuid import UUID

import asyncpg

from libs.bus.clock import simulated
from libs.kit.sql import FastConnection
from services.intake.domain import Press, Pressed, Receipt, Request

# The database's clock judges (it is one, and the instances' clocks are many), unless a demonstration brings its own.
LOAD = """
SELECT coalesce($4, clock_timestamp()) AS now,
  r.id, r.tenant, r.client_id, r.kind, r.one_off, r.opened_at, r.reply_due,
  r.accepted_by, r.accepted_at, r.rest_until, r.deactivated_at,
  s.id IS NOT NULL AS joined, s.ready_at,
  p.request_id AS pressed_on, p.place, p.margin_ms, p.accepted_at AS lost_at
FROM (VALUES (1)) AS always
LEFT JOIN requests r ON r.id = $1
LEFT JOIN specialists s ON s.id = $2
LEFT JOIN presses p ON p.specialist_id = $2 AND p.key = $3
"""


async def load_press(db: FastConnection, request_id: UUID, specialist_id: UUID, key: str) -> Press:
    """A press, with everything that is known of its request, its specialist and its earlier self."""
    [row] = await db.fetch(LOAD, request_id, specialist_id, key, simulated.get())
    return Press(
        now=row["now"], specialist_id=specialist_id, key=key, request=_request(row), joined=row["joined"],
        ready_at=row["ready_at"], earlier=_earlier(row),
    )  # fmt: skip


def _request(row: asyncpg.Record) -> Request | None:
    if row["id"] is None:
        return None
    return Request(
        row["id"], row["tenant"], row["client_id"], row["kind"], row["one_off"], row["opened_at"], row["reply_due"],
        row["accepted_by"], row["accepted_at"], row["rest_until"], row["deactivated_at"],
    )  # fmt: skip


def _earlier(row: asyncpg.Record) -> Pressed | None:
    if row["pressed_on"] is None:
        return None
    return Pressed(row["pressed_on"], Receipt(row["place"], row["margin_ms"], row["lost_at"]))
