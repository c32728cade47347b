"""The fold against an independent statement about the same facts: any order, any repetition, any batches, one truth."""

import asyncio
import os
from collections import Counter
from typing import get_args

import pytest
import pytest_asyncio
import sqlalchemy as sa

from libs.events.stats import Metric
from services.stats.consumers import FiguresProjection
from tests.stats.histories import Teller
from tests.stats.oracle import ORACLE, Truth, oracle
from tests.stats.scenes import hear

HISTORIES = int(os.environ.get("HISTORIES", "2000"))
SEED = int(os.environ.get("HISTORIES_SEED", "20260301"))
METRICS = get_args(Metric)
REACHES = [1, 50, 2_000, None]
COUNTERS = f"SELECT specialist_id, tenant, day, {', '.join(METRICS)} FROM counters"  # noqa: S608
SUMS = ", ".join(f"sum({metric})" for metric in METRICS)
JOURNAL = f"SELECT specialist_id, tenant, day, {SUMS} FROM journal GROUP BY specialist_id, tenant, day"  # noqa: S608

OWN_DUE = "min((data->>'reply_due')::timestamptz) FILTER (WHERE register = 'opening')"

# What is right in the oracle, and what somebody might have thought: each must show in some history.
MISTAKES = [
    ("number')::int >= 2", "number')::int >= 1"),
    ("number')::int = 2", "number')::int >= 2"),
    ("bool_or((data->>'void')::boolean)", "bool_or(register = 'unpaid')"),
    ("tenant, register, at, id)", "tenant, register, at, id DESC)"),
    ("data->>'session_id', version DESC, id DESC)", "data->>'session_id', version DESC, id)"),
    ("withdrew < due", "withdrew <= due"),
    ("withdrew < replied", "withdrew <= replied"),
    ("held > 0 AND refused IS NOT NULL", "refused IS NOT NULL"),
    ("(refused, refusal::uuid) < (bought, purchase::uuid)", "refused < bought"),
    ("(refused, refusal::uuid) < (bought, purchase::uuid)", "refused <= bought"),
    ("was_refused AND NOT merged", "was_refused AND standing = 'won'"),
    ("NOT merged AND NOT one_off", "NOT merged AND NOT (one_off AND NOT struck_from_conversion)"),
    ("replied <= due", "replied < due"),
    ("(struck OR merged", "(struck_from_conversion OR merged"),
    ("data->>'reason' <> 'silent'", "true"),
    ("WHEN was_released THEN 'released' ELSE", "ELSE"),
    ("struck_from_effectiveness AND NOT was_released", "struck_from_effectiveness"),
    ("was_released AND freed", "was_released"),
    ("released IS NOT NULL AND bought IS NULL", "released IS NOT NULL"),
    ("released < coalesce(replied", "released <= coalesce(replied"),
    (OWN_DUE, f"min({OWN_DUE}) OVER (PARTITION BY request_id, tenant)"),
    ("wait <= interval '4096 s'", "wait < interval '4096 s'"),
    ("min(at) FILTER (WHERE said LIKE 'Review%')", "min(at)"),
    ("day, data->>'source')", "day)"),
]


@pytest.fixture(scope="module")
def histories():
    """What is said of specialists who have nothing to do with one another."""
    print(f"HISTORIES={HISTORIES} HISTORIES_SEED={SEED}")  # noqa: T201 - shown when a test fails
    teller = Teller(SEED)
    return [event for _ in range(HISTORIES) for event in teller.history()]


@pytest_asyncio.fixture(scope="module")
async def truth(histories, stats_running):
    """What all of it comes to."""
    return await asked(stats_running, histories)


@pytest.mark.parametrize("reach", REACHES, ids=lambda reach: f"within {reach}" if reach else "in any")
async def test_the_past_is_the_same_in_whatever_order_it_is_told(reach, histories, truth, stats_service):
    for batch in Teller(SEED + 1 + REACHES.index(reach)).retold(histories, reach=reach):
        await hear(stats_service, *batch)
    assert differences(await counted(stats_service, COUNTERS), truth) == {}
    assert differences(await counted(stats_service, JOURNAL), truth) == {}


async def test_projectors_side_by_side_lose_nothing_and_count_nothing_twice(histories, stats_service):
    """Four that fell upon the same events, as after leases that ran out, each in its own order."""
    some = histories[:2_000]

    async def tell(seed):
        for batch in Teller(seed).retold(some, sizes=(1, 10, 100, 500)):
            await hear(stats_service, *batch)

    await asyncio.gather(*(tell(SEED + worker) for worker in (11, 12, 13, 14)))
    truth = await asked(stats_service, some)
    assert differences(await counted(stats_service, COUNTERS), truth) == {}
    assert differences(await counted(stats_service, JOURNAL), truth) == {}


def test_the_histories_tell_of_everything_that_is_heard(histories):
    assert {type(event.data) for event in histories} == FiguresProjection.events


def test_the_histories_count_in_every_metric_again_and_again(truth):
    total: Counter[str] = sum(map(Counter, truth.values()), Counter())
    assert {metric: total[metric] for metric in METRICS if total[metric] < HISTORIES / 100} == {}
    assert total.keys() == set(METRICS)


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
async def test_a_mistake_would_show(right, wrong, histories, truth, stats_running):
    assert ORACLE.count(right) == 1
    assert differences(await asked(stats_running, histories, ORACLE.replace(right, wrong)), truth)


async def asked(service, events, statement=ORACLE) -> Truth:
    """What the oracle says of events."""
    async with service.database.session("*") as tx:
        return await oracle(tx, events, statement)


async def counted(service, statement) -> Truth:
    """What the tables say: every count that is not nothing."""
    async with service.database.session("*") as tx:
        rows = (await tx.execute(sa.text(statement))).all()
    found = {(*row[:3],): {metric: n for metric, n in zip(METRICS, row[3:], strict=True) if n} for row in rows}
    return {day: counts for day, counts in found.items() if counts}


def differences(found: Truth, truth: Truth) -> dict[object, object]:
    """The days that came out otherwise than they should, and how."""
    return {day: (found.get(day), truth.get(day)) for day in found | truth if found.get(day) != truth.get(day)}
