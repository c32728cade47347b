"""The race, in as few trips as it takes: load, decide, and one guarded statement that settles everything or nothing."""

from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.clock import simulated
from libs.bus.outbox import prepare
from libs.events.intake import AcceptRefused
from libs.kit.errors import Unavailable
from libs.kit.sql import FastConnection
from services.intake import domain
from services.intake.domain import Acceptance, Claim, KeyReused, Press, RaceRules, Receipt, RequestTaken
from services.intake.queries import Presser, load_press, rules_of

ROUNDS = 3

# The specialist's row is locked first and by every accept, so that two of theirs cannot overlap; FOR UPDATE shows its
# newest version, whatever the statement's snapshot is. Everything else hangs on `claimed`: it happens whole or not.
# num_nulls, because of IS NULL the planner would take the index of open requests and look through all of them.
CLAIM = """
WITH me AS MATERIALIZED (
  SELECT ready_at, unanswered FROM specialists WHERE tenant = $3 AND id = $2 FOR UPDATE
), claimed AS (
  UPDATE requests SET accepted_by = $2, accepted_at = $5, rest_until = $6, reply_due = $7, look_at = $8,
    presses = presses + 1
  WHERE id = $1 AND num_nulls(accepted_by, closed_at) = 2 AND round = $9
    AND EXISTS (SELECT FROM me WHERE $10 OR (ready_at IS NULL OR ready_at <= $5) AND (unanswered IS NULL OR NOT $11))
  RETURNING id, presses
), resting AS (
  UPDATE specialists SET ready_at = $6, resting_after = $1, unanswered = $1 FROM claimed
  WHERE tenant = $3 AND specialists.id = $2
), pressed AS (
  INSERT INTO presses (tenant, specialist_id, key, request_id, place, margin_ms, accepted_at, won, told)
  SELECT $3, $2, $4, id, presses, 0, $5, true, true FROM claimed
), gone AS (
  INSERT INTO feed_log (tenant, request_id, gone) SELECT $3, id, true FROM claimed
), said AS (
  INSERT INTO outbox (topic, slot, key, value) SELECT said.* FROM claimed,
  unnest($12::text[], $13::int[], $14::uuid[], $15::bytea[]) AS said
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
RETURNING place, margin_ms, accepted_at
"""

UNTOLD = text("""
UPDATE presses SET told = true FROM (
  SELECT tenant, specialist_id, key FROM presses WHERE NOT told LIMIT :most FOR UPDATE SKIP LOCKED
) untold
WHERE (presses.tenant, presses.specialist_id, presses.key) = (untold.tenant, untold.specialist_id, untold.key)
RETURNING presses.tenant, presses.request_id, presses.specialist_id, presses.place, presses.margin_ms
""")

# What was not told yet stays, and what was pressed on a request that somebody may still win.
FORGET = text("""
DELETE FROM presses USING (
  SELECT p.tenant, p.specialist_id, p.key FROM presses p JOIN requests r ON r.id = p.request_id
  WHERE p.tenant = :tenant AND p.accepted_at < :before AND p.told AND num_nulls(r.accepted_by, r.closed_at) < 2
    AND p.accepted_at + p.margin_ms * interval '1 millisecond' < :before
  ORDER BY p.accepted_at LIMIT :most FOR UPDATE OF p SKIP LOCKED
) old
WHERE (presses.tenant, presses.specialist_id, presses.key) = (old.tenant, old.specialist_id, old.key)
RETURNING true
""")


async def press_accept(db: FastConnection, request_id: UUID, presser: Presser) -> Acceptance | Receipt:
    """A press on Accept, to a definite answer: the request, or a receipt of having come later (B4, B10).

    Losing is an answer and not an error: its receipt is kept, so that a retry is told the same.
    """
    for _ in range(ROUNDS):
        press, rules = await load_press(db, request_id, presser)
        answer = domain.already(press) or await _race(db, press, presser, rules.race)
        if answer is not None:
            return answer
    raise Unavailable


async def _race(db: FastConnection, press: Press, presser: Presser, rules: RaceRules) -> Acceptance | Receipt | None:
    """None when somebody was quicker between our looking and our claiming: look again."""
    try:
        claim = domain.accept(press, rules)
    except RequestTaken:
        return await _counted(db, press, presser)
    return claim.acceptance if await _claimed(db, press, presser, claim, rules) else None


async def _claimed(db: FastConnection, press: Press, presser: Presser, claim: Claim, rules: RaceRules) -> bool:
    """Write the winner's name if nobody's is there and the winner has rested: the rows themselves are the referees."""
    won, rows = claim.acceptance, [prepare(said) for said in claim.says]
    round = press.request.round if press.request else 1
    try:
        return await db.fetchval(
            CLAIM, won.request_id, presser.specialist_id, presser.tenant, presser.key, won.accepted_at, won.ready_at,
            won.reply_due, claim.look_at, round, claim.suspended, rules.one_unanswered,
            *(list(column) for column in zip(*rows, strict=True)),
        ) is True  # fmt: skip
    except asyncpg.UniqueViolationError:
        # The same key is losing another race in this very moment.
        raise KeyReused from None


async def _counted(db: FastConnection, press: Press, presser: Presser) -> Receipt | None:
    """Give a loser its place. None when the same press is being counted twice at once: the first count stands."""
    if press.request is None:
        return None
    try:
        row = await db.fetchrow(COUNT, press.request.id, presser.specialist_id, presser.key, simulated.get())
    except asyncpg.UniqueViolationError:
        return None  # The place is given back with the statement, so that places have no gaps.
    return Receipt(row["place"], row["margin_ms"], row["accepted_at"]) if row else None


async def tell_refusals(tx: AsyncSession, *, now: datetime, most: int = 500) -> int:
    """Say who came later: the press itself must be quick, so that is said a moment afterwards, and once."""
    rows = (await tx.execute(UNTOLD, {"most": most})).all()
    says = [
        AcceptRefused(
            tenant=row.tenant, at=now, request_id=row.request_id, specialist_id=row.specialist_id, place=row.place,
            margin_ms=row.margin_ms,
        )
        for row in rows
    ]  # fmt: skip
    await publish(tx, *says)
    return len(rows)


async def forget_presses(tx: AsyncSession, tenant: str, *, now: datetime, most: int) -> int:
    """Let go of presses whose receipts are not kept any longer, the oldest first (B10)."""
    before = (await rules_of(tx, tenant)).forgets_presses_before(now)
    return len((await tx.execute(FORGET, {"tenant": tenant, "before": before, "most": most})).all())
