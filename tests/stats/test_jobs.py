"""What time causes: benchmarks at night, statuses by month, proof by sample; and the trend that draws on all of it."""

import asyncio
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from libs.bus.testing import outbox
from libs.events.stats import BenchmarkPublished, StatusChanged
from libs.kit import clock
from services.stats import jobs, queries
from services.stats.domain import HOUSE, status
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR
from tests.stats.histories import Teller
from tests.stats.scenes import MARCH, MAY, hear, ids, opening, purchase, reply, review, ruling, session, solved, views

DAY = timedelta(days=1)
APRIL = MARCH + 30 * DAY


@pytest.fixture
def database(stats_service):
    return stats_service.database


@pytest.fixture
def ask(stats_client, as_):
    """What somebody is answered at a moment."""

    async def answer(path, now=MAY, who=ANNA, method="GET", **query):
        with clock.at(now):
            found = await stats_client.request(method, path, headers=as_(who), params=query or None)
        assert found.status_code < 300, found.text
        return found.json()

    return answer


async def told(service, kind):
    """What was said of a kind, oldest first."""
    return [it.data for it in await outbox(service.database.engine) if isinstance(it.data, kind)]


async def judge(database, now):
    """The hourly run, at a moment."""
    with clock.at(now):
        await jobs.judge_months(database, now)


def month_of_work(won, lost, specialist_id=ANNA.id, at=MARCH):
    """Requests of one day, some of which led to a session the day after."""
    requests = [ids(specialist_id=specialist_id) for _ in range(won + lost)]
    facts = [opening(known, at) for known in requests] + [session(known, at=at + DAY) for known in requests[:won]]
    return requests, facts


async def test_a_benchmark_is_published_once_a_day_and_never_changes(stats_service, database, ask):
    await jobs.publish_benchmarks(database, MAY)
    assert await told(stats_service, BenchmarkPublished) == []
    _, facts = month_of_work(3, 7)
    await hear(stats_service, *facts)
    for _ in range(2):
        await jobs.publish_benchmarks(database, MAY)
    first = await ask("/benchmarks/1")
    await jobs.publish_benchmarks(database, MAY + DAY)
    published = await told(stats_service, BenchmarkPublished)
    assert [(it.number, it.as_of) for it in published] == [(1, date(2026, 5, 2)), (2, date(2026, 5, 3))]
    assert await ask("/benchmarks/1") == first
    assert [it["number"] for it in (await ask("/benchmarks"))["items"]] == [2, 1]


async def test_r7_enough_specialists_make_the_average_their_own(stats_service, database, ask):
    """Sixty specialists, who on average win one request in two, are no longer the policy's guess of three in ten."""
    for n in range(60):
        _, facts = month_of_work(4 + n % 5, 8 - n % 5, specialist_id=Teller(n).id())
        await hear(stats_service, *facts)
    await jobs.publish_benchmarks(database, MAY)
    published = await ask("/benchmarks/1")
    shares, curves = published["shares"], published["curves"]
    assert shares["conversion"]["average"] == pytest.approx(0.5, abs=0.02)
    assert curves["conversion"]["horizon"] == 1, "every session came the day after"
    assert shares["retention"]["average"] == pytest.approx(0, abs=0.02), "and nobody came back"


async def test_an_answer_about_the_past_uses_the_benchmark_of_then(stats_service, database, ask):
    for n in range(30):
        _, facts = month_of_work(6, 6, specialist_id=Teller(n).id())
        await hear(stats_service, *facts, now=MARCH + DAY)
    path = f"/specialists/{ANNA.id}/figures"
    before = await ask(path)
    await jobs.publish_benchmarks(database, MAY + DAY)
    after = await ask(path, now=MAY + 2 * DAY)
    assert (before["benchmark_version"], after["benchmark_version"]) == (0, 1)
    assert after["conversion"]["estimate"] != before["conversion"]["estimate"]
    then = await ask(path, now=MAY + 2 * DAY, known_at=(MAY + timedelta(seconds=1)).isoformat())
    assert then["benchmark_version"] == 0
    assert then["conversion"]["estimate"] == before["conversion"]["estimate"]


async def test_operators_publish_without_waiting_for_the_night(stats_service, ask, stats_client, as_):
    assert (await stats_client.post("/benchmarks", headers=as_(OMAR))).json()["code"] == "nothing_to_fit"
    _, facts = month_of_work(3, 7)
    await hear(stats_service, *facts)
    assert (await ask("/benchmarks", who=OMAR, method="POST"))["number"] == 1
    assert (await stats_client.post("/benchmarks", headers=as_(MARTA))).status_code == 403
    assert (await stats_client.get("/benchmarks/7", headers=as_(ANNA))).json()["code"] == "benchmark_unknown"


async def test_a_month_is_judged_when_it_is_over_and_said_once(stats_service, database, ask):
    _, facts = month_of_work(9, 3)
    await hear(stats_service, *facts, now=MARCH + DAY)
    await judge(database, APRIL)
    await judge(database, APRIL + DAY)
    (changed,) = await told(stats_service, StatusChanged)
    assert (changed.specialist_id, changed.month, changed.before, changed.restated) == (
        ANNA.id, date(2026, 3, 1), None, False,
    )  # fmt: skip
    (month,) = (await ask(f"/specialists/{ANNA.id}/statuses"))["items"]
    assert (month["month"], month["status"]) == ("2026-03-01", changed.after)
    assert month["zones"]["conversion"] == "green"


async def test_a_past_month_is_judged_again_when_support_rewrites_it(stats_service, database):
    requests, facts = month_of_work(2, 40)
    shown = [views(400)]
    await hear(stats_service, *facts, *shown, now=MARCH + DAY)
    await judge(database, APRIL)
    assert [it.after for it in await told(stats_service, StatusChanged)] == ["probation"]
    await hear(stats_service, *(ruling(known) for known in requests[2:]), now=APRIL + DAY)
    await judge(database, APRIL + 2 * DAY)
    last = (await told(stats_service, StatusChanged))[-1]
    assert (last.before, last.after, last.restated, last.month) == ("probation", "active", True, date(2026, 3, 1))


async def test_what_is_heard_while_months_are_judged_is_for_the_next_run(stats_service, database):
    """The job's moment is past by the time it judges: what was recorded since must not keep it busy for ever."""
    _, facts = month_of_work(2, 2)
    await hear(stats_service, *facts, now=APRIL + DAY)
    with clock.at(APRIL + 2 * DAY):
        await asyncio.wait_for(jobs.judge_months(database, APRIL), 60)
    assert len(await told(stats_service, StatusChanged)) == 1


@pytest.mark.parametrize(
    ("overall", "zones", "before", "earned"),
    [
        (50, {}, [], "active"),
        (50, {"conversion": None, "effectiveness": None, "retention": None}, [], "active"),
        (80, {"conversion": "green", "effectiveness": "yellow"}, [], "super"),
        (80, {"conversion": "yellow", "effectiveness": "yellow"}, [], "active"),
        (80, {"conversion": "green", "effectiveness": "red"}, [], "active"),
        (20, {"conversion": "red", "effectiveness": "yellow"}, [], "active"),
        (20, {"conversion": "red", "effectiveness": "red"}, [], "probation"),
        (20, {"conversion": "red", "effectiveness": "red"}, ["probation"], "probation"),
        (20, {"conversion": "red", "effectiveness": "red"}, ["probation", "probation"], "deactivated"),
        (20, {"conversion": "red", "effectiveness": "red"}, ["probation", "active", "probation"], "probation"),
        (20, {"conversion": "red", "effectiveness": "red"}, ["deactivated", "probation"], "deactivated"),
    ],
)
def test_what_a_month_earns(overall, zones, before, earned):
    assert status(overall, zones, before, HOUSE) == earned


async def test_the_reconciler_finds_nothing_in_what_the_fold_has_counted(stats_service, database):
    teller = Teller(20260301)
    histories = [event for _ in range(400) for event in teller.history()]
    for batch in Teller(7).retold(histories, sizes=(50, 200)):
        await hear(stats_service, *batch)
    assert await every_mismatch(database) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE counters SET won = won + 1",
        "UPDATE counters SET forgiven = forgiven - 1",
        "DELETE FROM counters WHERE day = '2026-03-05'",
        "UPDATE journal SET gone = 1 WHERE number = (SELECT max(number) FROM journal)",
        "DELETE FROM journal WHERE number = (SELECT max(number) FROM journal)",
        "UPDATE states SET state = jsonb_set(state, '{opening,2}', 'true') WHERE state ? 'opening'",
    ],
)
async def test_the_reconciler_finds_damage_and_the_job_counts_it(damage, stats_service, database):
    known = ids()
    await hear(stats_service, opening(known), reply(known), session(known), purchase(known), review(4))
    await hear(stats_service, opening(ids(), MARCH + DAY))
    assert await every_mismatch(database) == []
    async with database.session("*") as tx:
        await tx.execute(sa.text(damage))
    assert await every_mismatch(database)
    before = counted_mismatches()
    await jobs.reconcile(database, MAY)
    assert counted_mismatches() > before


def counted_mismatches():
    """What an operator would see."""
    return REGISTRY.get_sample_value("dovira_stats_oracle_mismatch_total")


async def every_mismatch(database):
    """Of everybody who is counted."""
    found = []
    async with database.session("*") as tx:
        for id, tenant in await queries.sampled(tx, generation=1, days=10**6):
            found += await queries.mismatches(tx, id, tenant, generation=1, policy=HOUSE)
    return found


async def test_a_trend_has_todays_truth_beside_what_was_shown(stats_service, ask):
    requests, facts = month_of_work(4, 12)
    await hear(stats_service, *facts, now=MARCH + DAY)
    await hear(stats_service, *(ruling(known) for known in requests[4:10]), now=APRIL)
    points = (await ask(f"/specialists/{ANNA.id}/trend", step="week"))["points"]
    assert len(points) == 13
    assert points[-1]["as_of"] == MAY.date().isoformat()
    differs = {point["as_of"]: point["now"] != point["shown"] for point in points if point["shown"] is not None}
    assert [day for day, other in differs.items() if other] == ["2026-03-07", "2026-03-14", "2026-03-21", "2026-03-28"]
    assert [day for day, other in differs.items() if not other] == [
        "2026-04-04",
        "2026-04-11",
        "2026-04-18",
        "2026-04-25",
    ]


async def test_a_point_of_the_trend_is_the_figure_that_one_was_shown(stats_service, database, ask):
    requests, facts = month_of_work(4, 12)
    bad = review(1)
    await hear(stats_service, *facts, bad, now=MARCH + DAY)
    await jobs.publish_benchmarks(database, MARCH + 5 * DAY)
    await hear(stats_service, ruling(requests[7]), solved(bad), now=APRIL)
    for figure in ("conversion", "reviews", "retention"):
        trend = await ask(f"/specialists/{ANNA.id}/trend", step="day", figure=figure, **{"from": "2026-03-04"})
        for point in trend["points"]:
            if point["shown"] is not None:
                end = f"{point['as_of']}T23:59:59.999999Z"
                shown = await ask(f"/specialists/{ANNA.id}/figures", known_at=end)
                assert point["shown"] == pytest.approx(shown[figure]["estimate"], abs=1e-12)
            today = await ask(f"/specialists/{ANNA.id}/figures", as_of=point["as_of"])
            assert point["now"] == pytest.approx(today[figure]["estimate"], abs=1e-12)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2026-05-01", "to": "2026-04-01"}, "backward_window"),
        ({"from": "2020-01-01", "step": "day"}, "too_many_points"),
        ({"step": "hour"}, "invalid_request"),
    ],
)
async def test_a_trend_that_cannot_be_drawn_is_refused(query, code, stats_client, as_):
    refused = await stats_client.get(f"/specialists/{ANNA.id}/trend", headers=as_(ANNA), params=query)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


@pytest.mark.parametrize("path", ["trend", "statuses"])
async def test_others_see_neither_trend_nor_statuses(path, stats_client, as_):
    for person, expected in ((ANNA, 200), (MARTA, 200), (BORIS, 404), (OLENA, 403)):
        answer = await stats_client.get(f"/specialists/{ANNA.id}/{path}", headers=as_(person))
        assert answer.status_code == expected


def test_the_first_policy_is_what_it_was():
    """Answers name it by its number: a change of the house's choices is a new version, not another first one."""
    assert (HOUSE.windows["conversion"], HOUSE.weights["conversion"], HOUSE.floors["conversion"]) == (90, 0.40, 10)
    assert sorted(HOUSE.views_leave) == ["platform_test", "spam"]
    assert sum(HOUSE.weights.values()) == pytest.approx(1)
