"""What is asked again and again is found by an index, however full the tables are."""

import json
from datetime import UTC, datetime
from typing import Any

from libs.kit.service import Running
from services.intake.queries import feed, offers, orders, race, readiness, requests
from tests.people import ANNA, OLENA, THERAPY

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROWS, MOST = 5_000, 100
EXPLAIN = "EXPLAIN (FORMAT JSON) "
FULL = f"""
INSERT INTO specialists (id, tenant, joined_at)
  SELECT gen_random_uuid(), 'therapy', now() FROM generate_series(1, {ROWS});
INSERT INTO requests (id, tenant, client_id, kind, category, locale, one_off, opened_at, promised_until, shown_at,
  closes_at, closed_at, closed_as)
  SELECT gen_random_uuid(), 'therapy', gen_random_uuid(), 'chat', 'grief', 'uk', false, now() - n * interval '1 minute',
    now(), now(), now(), now(), 'expired' FROM generate_series(1, {ROWS}) n;
INSERT INTO avoidances (specialist_id, client_id, tenant, since)
  SELECT gen_random_uuid(), gen_random_uuid(), 'therapy', now() FROM generate_series(1, {ROWS});
INSERT INTO feed_log (position, tenant, request_id, gone)
  SELECT nextval('feed_positions'), 'therapy', id, false FROM requests;
INSERT INTO slots (id, tenant, specialist_id, starts_at, lasts)
  SELECT gen_random_uuid(), 'therapy', gen_random_uuid(), now(), interval '1 hour' FROM generate_series(1, {ROWS});
INSERT INTO service_terms (specialist_id, kind, version, tenant, offered, includes, currency, price_least, price_most,
  since) SELECT gen_random_uuid(), 'one_question', 1, 'therapy', true, '{{}}', 'EUR', 1, 2, now()
  FROM generate_series(1, {ROWS});
INSERT INTO orders (id, tenant, client_id, specialist_id, kind, terms_version, placed_at, pay_by, questions, urgency)
  SELECT gen_random_uuid(), 'therapy', gen_random_uuid(), specialist_id, 'one_question', 1, now(),
    now() + interval '1 day', 1, 'none' FROM service_terms
"""  # noqa: S608 - a number from above
TABLES = ("specialists", "requests", "avoidances", "feed_log", "slots", "service_terms", "orders", "presses", "bars")
READS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a client's requests": (requests.LISTS["client"], {"viewer": OLENA.id, "most": 51}),
    "a specialist's requests": (requests.LISTS["specialist"], {"viewer": ANNA.id, "most": 51}),
    "an earlier request": (
        requests.ALIVE, {"tenant": THERAPY, "client_id": OLENA.id, "phone_hash": b"#", "since": NOW},
    ),
    "what is due": (requests.DUE, {"now": NOW, "most": 200}),
    "duties that ran out": (readiness.RAN_OUT, {"now": NOW, "most": 200}),
    "unpaid orders": (orders.UNPAID, {"now": NOW, "most": 200}),
    "a client's orders": (orders.FIRST_PAGE["client"], {"person": OLENA.id, "most": 51}),
    "what counts of a client": (
        orders.CUSTOMER, {"client_id": OLENA.id, "specialist_id": ANNA.id, "since": NOW},
    ),
    "times for calls": (
        offers.FREE_SLOTS[False], {"specialist_id": ANNA.id, "since": NOW, "until": NOW, "most": 51},
    ),
}  # fmt: skip
PRESS = (ANNA.id, ANNA.id, "k", None, THERAPY)


async def test_no_hot_read_goes_over_a_whole_table(intake_service: Running) -> None:
    """By the planner's own estimate: what it would cost to look at each row is far more than any of these may."""
    async with intake_service.database.begin() as connection:
        for statement in FULL.split(";\n"):
            await connection.exec_driver_sql(statement)
        for table in TABLES:
            await connection.exec_driver_sql(f"ANALYZE {table}")
    found = {name: await cost(intake_service, *read) for name, read in READS.items()}
    async with intake_service.database.autocommit("*") as db:
        found["the feed's newest"] = estimate(await db.fetchval(EXPLAIN + feed.ENTRIES, await feed.top_of(db) - 3))
        found["a press"] = estimate(await db.fetchval(EXPLAIN + race.LOAD, *PRESS))
    assert {name: of for name, of in found.items() if of > MOST} == {}


async def cost(intake: Running, statement: Any, asked: dict[str, Any]) -> float:
    """What the planner thinks that it takes."""
    async with intake.database.session("*") as tx:
        compiled = statement.compile(dialect=intake.database.engine.dialect)
        given = compiled.construct_params(asked)
        values = tuple(given[name] for name in compiled.positiontup)
        return estimate((await (await tx.connection()).exec_driver_sql(f"{EXPLAIN}{compiled}", values)).scalar_one())


def estimate(plan: Any) -> float:
    """Of the whole plan, in the planner's own unit."""
    [whole] = json.loads(plan) if isinstance(plan, str) else plan
    return float(whole["Plan"]["Total Cost"])
