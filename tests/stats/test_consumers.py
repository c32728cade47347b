"""The projection on a real database: any order, any repetition, any batches, any company, one truth."""

import asyncio
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from libs.bus.consumers import Projector
from libs.bus.ids import uuid7
from libs.bus.testing import deliver, outbox
from libs.events.intake import SessionHeld, SessionVoided
from libs.events.stats import CountRestated, FiguresRestated
from services.stats.consumers import FiguresProjection
from services.stats.domain import METRICS
from services.stats.queries.figures import COUNTED
from tests.people import ANNA
from tests.stats.scenes import (
    MARCH,
    MAY,
    hear,
    ids,
    merge,
    opening,
    purchase,
    refusal,
    reply,
    review,
    ruling,
    second_thought,
    session,
    solved,
    unpaid,
    views,
    withdrawal,
)

COUNTERS = f"SELECT specialist_id, tenant, day, {', '.join(METRICS)} FROM counters"  # noqa: S608
SUMS = ", ".join(f"coalesce(sum({metric}), 0)" for metric in METRICS)
JOURNAL = f"SELECT specialist_id, tenant, day, {SUMS} FROM journal {{}} GROUP BY 1, 2, 3"  # noqa: S608


async def cells(service, statement=COUNTERS, **parameters):
    """What is counted, without what is nothing."""
    async with service.database.session("*") as tx:
        rows = (await tx.execute(sa.text(statement), parameters)).all()
    found = {(*row[:3],): {metric: n for metric, n in zip(METRICS, row[3:], strict=True) if n} for row in rows}
    return {day: counts for day, counts in found.items() if counts}


async def standing(service):
    """Anna's counters of all days together."""
    found: dict[str, int] = {}
    for counts in (await cells(service)).values():
        for metric, n in counts.items():
            found[metric] = found.get(metric, 0) + n
    return found


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ([], {"lost": 1, "contacts": 1, "unanswered": 1}),
        ([reply], {"lost": 1, "contacts": 1, "in_time": 1, "waited_16s": 1}),
        ([session], {"won": 1, "contacts": 1, "gained": 1, "gone": 1, "sessions": 1, "unanswered": 1}),
        ([session, purchase], {"won": 1, "contacts": 1, "gained": 1, "kept": 1, "sessions": 1, "unanswered": 1}),
        (
            [session, purchase, unpaid],
            {"won": 1, "contacts": 1, "gained": 1, "gone": 1, "sessions": 1, "unanswered": 1},
        ),
        ([session, purchase, unpaid, refusal], {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}),
        ([session, refusal], {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}),
        ([withdrawal], {"withdrawn": 1, "forgiven": 1}),
        ([ruling], {"excluded": 1, "unviewed": 1, "forgiven": 1}),
        ([reply, ruling], {"excluded": 1, "unviewed": 1, "in_time": 1, "waited_16s": 1}),
        ((session, ruling), {"excluded": 1, "unviewed": 1, "gone": 1, "sessions": 1, "unanswered": 1}),
        ([merge], {"merged": 1, "forgiven": 1}),
    ],
)
async def test_what_a_request_comes_to(facts, counts, stats_service):
    known = ids()
    for batch in ([opening(known), *(fact(known) for fact in facts)],):
        await hear(stats_service, *reversed(batch))
    assert await standing(stats_service) == counts


async def test_r5_a_decision_of_one_scope_leaves_the_other_figures_alone(stats_service):
    known = ids()
    await hear(stats_service, opening(known), ruling(known, scope="conversion"))
    assert await standing(stats_service) == {"excluded": 1, "contacts": 1, "forgiven": 1}
    await hear(stats_service, ruling(known, version=2, scope="effectiveness", ground="accidental"))
    assert await standing(stats_service) == {"lost": 1, "forgiven": 1}


async def test_a_purchase_that_was_one_after_all_counts_from_when_it_was_said_first(stats_service):
    """Whatever is said of the first or third one, and in whichever order it is heard."""
    known = ids()
    back = [unpaid(known), unpaid(known, version=2, void=False), unpaid(known, 1, version=3), unpaid(known, 3)]
    await hear(stats_service, *reversed(back), purchase(known), session(known), opening(known))
    assert (await standing(stats_service))["kept"] == 1
    await hear(stats_service, unpaid(known, version=3))
    counts = await standing(stats_service)
    assert (counts.get("kept"), counts["gone"]) == (None, 1)


async def test_r11_a_refusal_after_the_second_purchase_is_none(stats_service):
    late = ids()
    await hear(stats_service, opening(late), session(late), purchase(late))
    await hear(stats_service, refusal(late, MARCH + timedelta(days=20)))
    counts = await standing(stats_service)
    assert (counts.get("refused"), counts["kept"], counts.get("gone")) == (None, 1, None)


async def test_d11_a_session_ruled_held_after_a_refusal_loses_no_client(stats_service):
    """Session 1 was held, the work was ended, the client disputed the session, and support ruled."""
    known, met = ids(), uuid7()
    await hear(stats_service, opening(known), session(known, session_id=met), refusal(known))
    for kind, version, day in ((SessionVoided, 2, 6), (SessionHeld, 3, 8)):
        told = session(known, kind, version=version, session_id=met, at=MARCH + timedelta(days=day))
        await hear(stats_service, told)
    assert await standing(stats_service) == {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}


async def test_r8_a_one_off_counts_in_conversion_and_nobody_expects_it_back(stats_service):
    known = ids()
    await hear(stats_service, opening(known, one_off=True), session(known), purchase(known))
    assert await standing(stats_service) == {"won": 1, "one_off": 1, "contacts": 1, "gained": 1, "unanswered": 1}


async def test_p12_an_annulled_review_was_never_left_and_may_be_again(stats_service):
    bad, good = review(1), review(5)
    await hear(stats_service, bad, good)
    assert await standing(stats_service) == {"reviews": 2, "stars": 6}
    await hear(stats_service, solved(bad))
    assert await standing(stats_service) == {"reviews": 1, "stars": 5, "annulled": 1}
    await hear(stats_service, solved(bad, version=2, solved=False))
    assert await standing(stats_service) == {"reviews": 2, "stars": 6}


async def test_p13_a_good_score_is_annulled_like_a_bad_one(stats_service):
    good = review(5)
    await hear(stats_service, solved(good), good)
    assert await standing(stats_service) == {"annulled": 1}


async def test_a_review_changes_its_score_and_keeps_its_day(stats_service):
    left = review(2)
    await hear(stats_service, left, second_thought(left, 4))
    assert await cells(stats_service) == {(ANNA.id, ANNA.tenant, MARCH.date()): {"reviews": 1, "stars": 4}}


async def test_d14_a_gauge_of_views_only_grows_and_sources_add_up(stats_service):
    for count in (3, 7, 5):
        await hear(stats_service, views(count))
    await hear(stats_service, views(4, source="app"))
    assert await standing(stats_service) == {"views": 11}


async def test_what_was_before_is_what_another_projector_has_just_written(stats_service):
    known = ids()
    async with stats_service.database.sessions.begin() as other:
        await Projector(FiguresProjection(1)).take(other, [opening(known)])
        waiting = asyncio.create_task(hear(stats_service, session(known)))
        await blocked(stats_service, 1)
    await waiting
    counts = await standing(stats_service)
    assert (counts["won"], counts.get("lost")) == (1, None)


async def test_projectors_that_hear_in_opposite_order_do_not_wait_in_a_circle(stats_service):
    facts = [opening(known) for known in sorted((ids() for _ in range(3)), key=lambda known: known["request_id"])]
    for _ in ("begun by one of them", "known to both"):
        async with stats_service.database.sessions.begin() as other:
            await Projector(FiguresProjection(1)).take(other, [facts[1]])
            waiting = [asyncio.create_task(hear(stats_service, *facts))]
            await blocked(stats_service, 1)
            waiting.append(asyncio.create_task(hear(stats_service, *reversed(facts))))
            await blocked(stats_service, 2)
        await asyncio.gather(*waiting)
        facts = [reply({"tenant": ANNA.tenant, "specialist_id": ANNA.id, "request_id": it.subject}) for it in facts]
    assert await standing(stats_service) == {"lost": 3, "contacts": 3, "in_time": 3, "waited_16s": 3}


async def test_d13_an_exclusion_before_its_request_counts_when_the_request_arrives(stats_service):
    known = ids()
    struck = ruling(known)
    await hear(stats_service, struck)
    assert await standing(stats_service) == {}
    begun = opening(known)
    await hear(stats_service, begun)
    assert (await standing(stats_service))["excluded"] == 1
    assert await causes(stats_service) == [(begun.id, struck.data.decision_id)]
    assert await outbox(stats_service.database.engine) == []


async def test_d13_reinstating_restores_every_counter(stats_service):
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
        before = (await standing(stats_service)).get("excluded", 0)
        await hear(stats_service, opening(known))
        for which in batches:
            await hear(stats_service, tied[which])
        assert (await standing(stats_service)).get("excluded", 0) == before + tied[1].data.excluded


async def test_a_voided_session_unwins_and_a_late_version_does_not(stats_service):
    known, session_id = ids(), uuid7()
    held = session(known, session_id=session_id)
    await hear(stats_service, opening(known), held)
    assert (await standing(stats_service))["won"] == 1
    await hear(stats_service, session(known, SessionVoided, version=2, session_id=session_id))
    await hear(stats_service, held)
    assert await standing(stats_service) == {"lost": 1, "contacts": 1, "unanswered": 1}


async def test_an_earlier_opening_learnt_later_moves_the_cohort(stats_service):
    known = ids()
    await hear(stats_service, opening(known))
    await hear(stats_service, opening(known, MARCH - timedelta(days=2)))
    await hear(stats_service, opening(known, MARCH + timedelta(days=2)))
    assert list(await cells(stats_service)) == [(ANNA.id, ANNA.tenant, date(2026, 3, 3))]
    assert await cells(stats_service) == await cells(stats_service, JOURNAL.format(""))


async def test_a_decision_restates_a_past_day_once_and_says_why(stats_service):
    known, other = ids(), ids()
    struck = ruling(known)
    await hear(stats_service, opening(known), opening(other), session(other))
    await hear(stats_service, struck)
    await hear(stats_service, struck, struck)
    (told,) = await outbox(stats_service.database.engine)
    assert isinstance(told.data, FiguresRestated)
    assert (told.data.day, told.data.cause, told.data.decision_id) == (
        MARCH.date(), "exclusion", struck.data.decision_id,
    )  # fmt: skip
    assert {it.metric: (it.before, it.after) for it in told.data.changed} == {
        "lost": (1, 0), "excluded": (0, 1), "contacts": (2, 1), "unviewed": (0, 1), "unanswered": (2, 1),
        "forgiven": (0, 1),
    }  # fmt: skip
    assert (told.causationid, told.correlationid) == (struck.id, struck.correlationid)
    assert (await causes(stats_service))[-1] == (struck.id, struck.data.decision_id)


async def test_putting_a_request_back_restates_the_day_again(stats_service):
    known = ids()
    await hear(stats_service, opening(known), session(known))
    await hear(stats_service, ruling(known))
    await hear(stats_service, ruling(known, version=2, excluded=False))
    told = await restated(stats_service)
    assert [{it.metric: (it.before, it.after) for it in each.changed}["won"] for each in told] == [(1, 0), (0, 1)]


async def test_decisions_of_one_batch_are_told_one_after_another(stats_service):
    requests = [ids() for _ in range(3)]
    await hear(stats_service, *map(opening, requests))
    await hear(stats_service, *map(ruling, requests), opening(ids()))
    told = await restated(stats_service)
    lost = [{it.metric: (it.before, it.after) for it in each.changed}["lost"] for each in told]
    assert lost == [(4, 3), (3, 2), (2, 1)]


async def test_p12_an_annulment_restates_the_day_of_the_review(stats_service):
    bad = review(1)
    await hear(stats_service, bad)
    await hear(stats_service, solved(bad))
    (told,) = await restated(stats_service)
    assert (told.cause, told.decision_id) == ("annulment", None)
    assert set(told.changed) == {
        CountRestated("reviews", 1, 0), CountRestated("stars", 1, 0), CountRestated("annulled", 0, 1),
    }  # fmt: skip


async def test_a_decision_on_the_day_itself_restates_nothing(stats_service):
    known = ids()
    await hear(stats_service, opening(known, MAY))
    await hear(stats_service, ruling(known))
    assert (await standing(stats_service))["excluded"] == 1
    assert await outbox(stats_service.database.engine) == []


async def test_one_event_at_a_time_takes_the_same_path(stats_service):
    known = ids()
    held = session(known).data
    for fact in (held, opening(known).data):
        await deliver(fact, FiguresProjection(1), stats_service.database.sessions)
    assert (await standing(stats_service))["won"] == 1


async def test_the_same_ids_in_another_tenant_are_another_engagement(stats_service):
    known = ids()
    await hear(stats_service, opening(known), opening(known | {"tenant": "clinics"}), ruling(known))
    async with stats_service.database.session("clinics") as tx:
        rows = (await tx.execute(sa.text("SELECT tenant, lost, excluded FROM counters"))).all()
    assert [(*row,) for row in rows] == [("clinics", 1, 0)]


async def test_figures_are_read_from_a_range_of_the_index(stats_service):
    """However many specialists there are, a figure costs its own days."""
    nothing = ", ".join("0" for _ in METRICS)
    async with stats_service.database.session("*") as tx:
        await tx.execute(
            sa.text(
                f"INSERT INTO counters (generation, specialist_id, day, tenant, {', '.join(METRICS)}) "  # noqa: S608
                f"SELECT 1, md5(CAST(s AS text))::uuid, DATE '2026-01-01' + d, 'therapy', {nothing} "
                "FROM generate_series(1, 400) AS s, generate_series(1, 100) AS d"
            )
        )
    async with stats_service.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(sa.text("VACUUM ANALYZE counters"))
    first, last = date(2026, 2, 1), date(2026, 2, 28)
    asked = {"generation": 1, "specialist_id": ANNA.id, "first": first, "last": last, "edges": [first]}
    async with stats_service.database.session("therapy") as tx:
        plan = "\n".join((await tx.execute(sa.text(f"EXPLAIN {COUNTED.text}"), asked)).scalars())
    assert "counters_pk" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "specialist_id" in condition
    assert "day" in condition


async def blocked(service, how_many):
    """Wait until so many transactions wait for a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(60), service.database.engine.connect() as connection:
        while await connection.scalar(waiting) != how_many:
            await connection.rollback()
            await asyncio.sleep(0.01)


async def restated(service) -> list[FiguresRestated]:
    """What is told of past days, in order."""
    told = [envelope.data for envelope in await outbox(service.database.engine)]
    return [it for it in told if isinstance(it, FiguresRestated)]


async def causes(service):
    """The reasons in the journal, in order."""
    async with service.database.session("*") as tx:
        rows = await tx.execute(sa.text("SELECT event_id, decision_id FROM journal ORDER BY recorded_at, number"))
        return [(*row,) for row in rows.all()]
