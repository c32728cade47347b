"""The race, in as few trips as it takes: load, decide, and one guarded statement that settles everything or nothing."""

from uuid import UUID

import asyncpg

from libs.bus.clock import simulated
from libs.bus.outbox import prepare
from libs.events.intake import RequestAccepted
from libs.kit.errors import Unavailable
from libs.kit.sql import FastConnection
from services.intake import domain
from services.intake.domain import Acceptance, KeyReused, Press, Receipt, RequestTaken, Rules
from services.intake.queries import load_press

ROUNDS = 3

# The specialist's row is locked first and by every accept, so that two of theirs cannot overlap; FOR UPDATE shows its
# newest version, whatever the statement's snapshot is. Everything else hangs on `claimed`: it happens whole or not.
# num_nulls, because of IS NULL the planner would take the index of open requests and look through all of them.
CLAIM = """
WITH me AS MATERIALIZED (
  SELECT ready_at FROM specialists WHERE tenant = $3 AND id = $2 FOR UPDATE
), claimed AS (
  UPDATE requests SET accepted_by = $2, accepted_at = $5, rest_until = $6, presses = presses + 1
  WHERE id = $1 AND num_nulls(accepted_by, deactivated_at) = 2
    AND EXISTS (SELECT FROM me WHERE ready_at IS NULL OR ready_at <= $5)
  RETURNING id, presses
), resting AS (
  UPDATE specialists SET ready_at = $6, resting_after = $1 FROM claimed WHERE tenant = $3 AND specialists.id = $2
), pressed AS (
  INSERT INTO presses (tenant, specialist_id, key, request_id, place, margin_ms, accepted_at)
  SELECT $3, $2, $4, id, presses, 0, $5 FROM claimed
), gone AS (
  INSERT INTO feed_log (tenant, request_id, gone) SELECT $3, id, true FROM claimed
), said AS (
  INSERT INTO outbox (topic, slot, key, value) SELECT $7, $8, $9, $10 FROM claimed
)
SELECT true FROM claimed
"""

# The row's lock puts losers in line; the clock is read in that line, so that a later place never has a smaller margin.
COUNT = """
WITH counted AS (
  UPDATE requests SET presses = presses + 1 WHERE id = $1 AND accepted_by IS NOT NULL
  RETURNING tenant, presses, accepted_at, greatest(0, 1000 * extract(epoch FROM
    coalesce($4, clock_timestamp()) - accepted_at))::bigint AS margin_ms
)
INSERT INTO presses (tenant, specialist_id, key, request_id, place, margin_ms, accepted_at)
SELECT tenant, $2, $3, $1, presses, margin_ms, accepted_at FROM counted
ON CONFLICT DO NOTHING
RETURNING place, margin_ms, accepted_at
"""


async def press_accept(
    db: FastConnection, request_id: UUID, specialist_id: UUID, key: str, *, rules: Rules
) -> Acceptance | Receipt:
    """A press on Accept, to a definite answer: the request, or a receipt of having come later (B4, B10).

    Losing is an answer and not an error: its receipt is kept, so that a retry is told the same.
    """
    for _ in range(ROUNDS):
        press = await load_press(db, request_id, specialist_id, key)
        answer = domain.already(press) or await _race(db, press, rules)
        if answer is not None:
            return answer
    raise Unavailable


async def _race(db: FastConnection, press: Press, rules: Rules) -> Acceptance | Receipt | None:
    """None when somebody was quicker between our looking and our claiming: look again."""
    try:
        accepted = domain.accept(press)
    except RequestTaken:
        return await _counted(db, press)
    acceptance = domain.won(accepted, rules)
    return acceptance if await _claimed(db, press, accepted, acceptance) else None


async def _claimed(db: FastConnection, press: Press, accepted: RequestAccepted, acceptance: Acceptance) -> bool:
    """Write the winner's name if nobody's is there and the winner has rested: the rows themselves are the referees."""
    row = prepare(accepted)
    try:
        return await db.fetchval(
            CLAIM, accepted.request_id, accepted.specialist_id, accepted.tenant, press.key, accepted.at,
            acceptance.ready_at, row.topic, row.slot, row.key, row.value,
        ) is True  # fmt: skip
    except asyncpg.UniqueViolationError:
        # The same key is losing another race in this very moment.
        raise KeyReused from None


async def _counted(db: FastConnection, press: Press) -> Receipt | None:
    """Give a loser its place. None when the same press is being counted twice at once: the first count stands."""
    if press.request is None:
        return None
    row = await db.fetchrow(COUNT, press.request.id, press.specialist_id, press.key, simulated.get())
    return Receipt(row["place"], row["margin_ms"], row["accepted_at"]) if row else None
