"""The projection on a real database: any order, any repetition, any batches, any company, one truth."""

import asyncio
import os
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from libs.bus import clock
from libs.bus.consumers import Projector
from libs.bus.ids import uuid7
from libs.bus.testing import deliver, enveloped, outbox
from libs.events.intake import SessionHeld, SessionVoided
from libs.events.stats import FiguresRestated
from services.stats.consumers import conversion
from services.stats.queries import COUNTED
from tests.people import ANNA
from tests.stats.histories import Teller, accepted, decided, oracle

SEED = int(os.environ.get("HISTORIES_SEED", "20260301"))
MARCH = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
MAY = datetime(2026, 5, 2, 12, tzinfo=UTC)
COUNTERS = "SELECT specialist_id, tenant, day, metric, n FROM counters WHERE n <> 0"
JOURNAL = (
    "SELECT specialist_id, tenant, day, metric, sum(delta) FROM journal {} GROUP BY 1, 2, 3, 4 HAVING sum(delta) <> 0"
)


async def hear(service, *batch, now=MAY):
    """A batch takes effect in one transaction, as the bus would have it."""
    with clock.at(now):
        async with service.database.sessions.begin() as tx:
            await Projector(conversion).take(tx, list(batch))


async def cells(service, statement=COUNTERS, **parameters):
    async with service.database.session("*") as tx:
        return {(*cell,): n for *cell, n in (await tx.execute(sa.text(statement), parameters)).all()}


async def standing(service):
    """Anna's counters of all days together."""
    found: dict[str, int] = {}
    for (_, _, _, metric), n in (await cells(service)).items():
        found[metric] = found.get(metric, 0) + n
    return found


def ids(**more):
    return {"tenant": ANNA.tenant, "request_id": uuid7(), "specialist_id": ANNA.id} | more


def opening(known, at=MARCH):
    return enveloped(accepted(**known, at=at, client_id=uuid7()))


def session(known, kind=SessionHeld, *, version=1, session_id=None):
    at = MARCH + timedelta(days=version)
    return enveloped(kind(**known, at=at, session_id=session_id or uuid7(), number=1, version=version))


def ruling(known, *, version=1, excluded=True):
    at = MAY - timedelta(hours=1)
    ticket_id, decision_id = uuid7(), uuid7()
    return enveloped(
        decided(**known, at=at, ticket_id=ticket_id, decision_id=decision_id, version=version, excluded=excluded)
    )


@pytest.fixture(scope="module")
def histories():
    """500 histories of specialists who have nothing to do with one another."""
    teller = Teller(SEED)
    return [event for _ in range(500) for event in teller.history()]


@pytest.mark.parametrize("order", range(4))
async def test_the_past_is_the_same_in_whatever_order_it_is_told(order, histories, stats_service):
    print(f"HISTORIES_SEED={SEED}, order {order}: {len(histories)} events")  # noqa: T201 - shown when it fails
    for batch in Teller(SEED + 1 + order).retold(histories):
        await hear(stats_service, *batch)
    async with stats_service.database.session("*") as tx:
        truth = await oracle(tx, histories)
    assert {metric for _, _, _, metric in truth} == {"won", "lost", "excluded"}
    assert await cells(stats_service) == truth
    assert await cells(stats_service, JOURNAL.format("")) == truth


async def test_projectors_side_by_side_lose_nothing_and_count_nothing_twice(histories, stats_service):
    """Four that fell upon the same events, as after leases that ran out, each in its own order."""
    some = histories[:1500]

    async def tell(seed):
        for batch in Teller(seed).retold(some, sizes=(1, 10, 100)):
            await hear(stats_service, *batch)

    await asyncio.gather(*(tell(SEED + worker) for worker in (11, 12, 13, 14)))
    async with stats_service.database.session("*") as tx:
        truth = await oracle(tx, some)
    assert await cells(stats_service) == truth
    assert await cells(stats_service, JOURNAL.format("")) == truth


async def test_what_was_before_is_what_another_projector_has_just_written(stats_service):
    known = ids()
    async with stats_service.database.sessions.begin() as other:
        await Projector(conversion).take(other, [opening(known)])
        waiting = asyncio.create_task(hear(stats_service, session(known)))
        await blocked(stats_service, 1)
    await waiting
    assert await standing(stats_service) == {"won": 1}


@pytest.mark.parametrize("fact", [opening, lambda known: session(known, session_id=ANNA.id)])
async def test_projectors_that_hear_in_opposite_order_do_not_wait_in_a_circle(fact, stats_service):
    facts = [fact(known) for known in sorted((ids() for _ in range(3)), key=lambda known: known["request_id"])]
    async with stats_service.database.sessions.begin() as other:
        await Projector(conversion).take(other, [facts[1]])
        waiting = [asyncio.create_task(hear(stats_service, *facts))]
        await blocked(stats_service, 1)
        waiting.append(asyncio.create_task(hear(stats_service, *reversed(facts))))
        await blocked(stats_service, 2)
    await asyncio.gather(*waiting)


async def test_the_journal_adds_up_to_the_counters_at_every_known_moment(histories, stats_service):
    then = {}
    for minute, batch in enumerate(Teller(SEED + 21).retold(histories[:400], sizes=(1, 10, 50))):
        moment = MAY + timedelta(minutes=minute)
        await hear(stats_service, *batch, now=moment)
        then[moment] = await cells(stats_service)
    assert len(then) > 10
    for moment, counted in then.items():
        known = await cells(stats_service, JOURNAL.format("WHERE recorded_at <= :known_at"), known_at=moment)
        assert known == counted


async def test_an_exclusion_before_its_request_counts_when_the_request_arrives(stats_service):
    known = ids()
    struck = ruling(known)
    await hear(stats_service, struck)
    assert await standing(stats_service) == {}
    begun = opening(known)
    await hear(stats_service, begun)
    assert await standing(stats_service) == {"excluded": 1}
    assert await causes(stats_service) == [("excluded", 1, begun.id, struck.data.decision_id)]
    assert await outbox(stats_service.database.engine) == []


async def test_reinstating_restores_every_counter(stats_service):
    requests = [ids() for _ in range(3)]
    await hear(stats_service, *(opening(known) for known in requests), session(requests[0]), session(requests[1]))
    before = await cells(stats_service)
    for version, excluded in [(1, True), (2, False)]:
        await hear(stats_service, *(ruling(known, version=version, excluded=excluded) for known in requests))
        assert (await cells(stats_service) == before) is not excluded
    assert before


async def test_equal_versions_are_settled_by_the_event_id(stats_service):
    for batches in ([0, 1], [1, 0]):
        known = ids()
        tied = sorted([ruling(known, excluded=False), ruling(known)], key=lambda envelope: envelope.id)
        before = await standing(stats_service)
        await hear(stats_service, opening(known))
        for which in batches:
            await hear(stats_service, tied[which])
        settled = "excluded" if tied[1].data.excluded else "lost"
        assert await standing(stats_service) == before | {settled: before.get(settled, 0) + 1}


async def test_a_voided_session_unwins_and_a_late_version_does_not(stats_service):
    known, session_id = ids(), uuid7()
    held = session(known, session_id=session_id)
    await hear(stats_service, opening(known), held)
    assert await standing(stats_service) == {"won": 1}
    await hear(stats_service, session(known, SessionVoided, version=2, session_id=session_id))
    assert await standing(stats_service) == {"lost": 1}
    await hear(stats_service, held)
    assert await standing(stats_service) == {"lost": 1}


async def test_an_earlier_opening_learnt_later_moves_the_cohort(stats_service):
    known = ids()
    await hear(stats_service, opening(known))
    await hear(stats_service, opening(known, MARCH - timedelta(days=2)))
    await hear(stats_service, opening(known, MARCH + timedelta(days=2)))
    assert await cells(stats_service) == {(ANNA.id, ANNA.tenant, date(2026, 3, 3), "lost"): 1}


async def test_a_decision_restates_a_past_day_once_and_says_why(stats_service):
    known, other = ids(), ids()
    struck = ruling(known)
    await hear(stats_service, opening(known), opening(other), session(other))
    await hear(stats_service, struck)
    await hear(stats_service, struck, struck)
    (told,) = await outbox(stats_service.database.engine)
    assert told.data == FiguresRestated(
        tenant=ANNA.tenant, at=MAY, specialist_id=ANNA.id, metric="conversion", day=MARCH.date(),
        won_before=1, won_after=1, lost_before=1, lost_after=0, decision_id=struck.data.decision_id,
    )  # fmt: skip
    assert (told.causationid, told.correlationid) == (struck.id, struck.correlationid)
    because = [cause for cause in await causes(stats_service) if cause[3]]
    assert sorted(because) == sorted(
        (metric, delta, struck.id, struck.data.decision_id) for metric, delta in [("lost", -1), ("excluded", 1)]
    )


async def test_putting_a_request_back_restates_the_day_again(stats_service):
    known = ids()
    await hear(stats_service, opening(known), session(known))
    await hear(stats_service, ruling(known))
    await hear(stats_service, ruling(known, version=2, excluded=False))
    told = await restated(stats_service)
    assert [(it.won_before, it.won_after) for it in told] == [(1, 0), (0, 1)]


async def test_decisions_of_one_batch_are_told_one_after_another(stats_service):
    requests = [ids() for _ in range(3)]
    await hear(stats_service, *map(opening, requests))
    await hear(stats_service, *map(ruling, requests), opening(ids()))
    told = await restated(stats_service)
    assert [(it.lost_before, it.lost_after) for it in told] == [(4, 3), (3, 2), (2, 1)]
    assert await standing(stats_service) == {"lost": 1, "excluded": 3}


async def test_a_decision_on_the_day_itself_restates_nothing(stats_service):
    known = ids()
    await hear(stats_service, opening(known, MAY))
    await hear(stats_service, ruling(known))
    assert await standing(stats_service) == {"excluded": 1}
    assert await outbox(stats_service.database.engine) == []


async def test_one_event_at_a_time_takes_the_same_path(stats_service):
    known = ids()
    held = session(known).data
    for fact in (held, opening(known).data):
        await deliver(fact, conversion, stats_service.database.sessions)
    assert await standing(stats_service) == {"won": 1}


async def test_the_same_ids_in_another_tenant_are_another_engagement(stats_service):
    known = ids()
    await hear(stats_service, opening(known), opening(known | {"tenant": "clinics"}), ruling(known))
    async with stats_service.database.session("clinics") as tx:
        rows = (await tx.execute(sa.text("SELECT tenant, metric, n FROM counters"))).all()
    assert [(*row,) for row in rows] == [("clinics", "lost", 1)]


async def test_figures_are_read_from_a_range_of_the_index(stats_service):
    """However many specialists there are, a figure costs its own days."""
    async with stats_service.database.session("*") as tx:
        await tx.execute(
            sa.text(
                "INSERT INTO counters SELECT md5(CAST(s AS text))::uuid, DATE '2026-01-01' + d, 'lost', 'therapy', 1 "
                "FROM generate_series(1, 400) AS s, generate_series(1, 100) AS d"
            )
        )
    async with stats_service.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(sa.text("VACUUM ANALYZE counters"))
    asked = COUNTED.params(specialist_id=ANNA.id, first=date(2026, 2, 1), last=date(2026, 2, 28))
    statement = asked.compile(stats_service.database.engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with stats_service.database.session("therapy") as tx:
        plan = "\n".join((await tx.execute(sa.text(f"EXPLAIN {statement}"))).scalars())
    assert "counters_pk" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "specialist_id" in condition
    assert "day" in condition


async def blocked(service, how_many):
    """Wait until so many transactions wait for a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10), service.database.engine.connect() as connection:
        while await connection.scalar(waiting) != how_many:
            await connection.rollback()
            await asyncio.sleep(0.01)


async def restated(service) -> list[FiguresRestated]:
    """What is told of past days, in order."""
    told = [envelope.data for envelope in await outbox(service.database.engine)]
    return [it for it in told if isinstance(it, FiguresRestated)]


async def causes(service):
    """The lines of the journal, in order."""
    async with service.database.session("*") as tx:
        rows = await tx.execute(sa.text("SELECT metric, delta, event_id, decision_id FROM journal ORDER BY id"))
        return [(*row,) for row in rows.all()]
