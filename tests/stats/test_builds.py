"""Figures are built anew beside the live ones, under load, and one row makes them the live ones."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from libs.bus import Bus, all_quiet, clock, rebuild
from libs.bus.log import TP, Item, murmur2
from libs.bus.memory import MemoryLog
from libs.events import TOPICS, encode
from services.stats import commands, jobs, queries
from services.stats.consumers import figures
from services.stats.domain import METRICS
from tests.people import ANNA, MARTA, OMAR
from tests.stats.histories import Teller
from tests.stats.oracle import oracle
from tests.stats.scenes import MARCH, MAY, ids, opening, reply, ruling, session, views
from tests.stats.test_consumers import cells

FIGURES = f"/specialists/{ANNA.id}/figures"


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    monkeypatch.setattr("libs.bus.bus._ASK_EVERY", 0.05)
    monkeypatch.setattr(commands.rebuild, "NEAR", 10_000)


class Stage:
    """The service with its part of the bus running, on a log of its own."""

    def __init__(self, service):
        self.service, self.log, self.engine = service, MemoryLog(), service.database.engine

    @asynccontextmanager
    async def on(self):
        """While the bus runs."""
        async with Bus("stats", self.engine, self.log, [figures]) as self.bus:
            yield self

    async def say(self, *events):
        """Put events on the log; give the bus no time."""
        await self.log.append([_item(event) for event in events], within=60)

    async def heard(self):
        """Wait until the live figures have heard everything."""
        assert await all_quiet([self.bus], within=120)

    async def carried_on(self):
        """Let the job run as often as it takes."""
        async with asyncio.timeout(120):
            while True:
                await jobs.carry_on_building(self.service.database, clock.now())
                if not await self.building():
                    return
                await asyncio.sleep(0.02)

    async def building(self):
        """Whether a build is under way."""
        async with self.service.database.session("*") as tx:
            return any(row["live_from"] is None and row["live_until"] is None for row in await queries.listed(tx))

    async def live(self):
        """The number of the live generation."""
        async with self.service.database.session("*") as tx:
            return (await queries.build_at(tx, clock.now())).number

    async def counted(self, generation):
        """What a generation has counted."""
        metrics = ", ".join(METRICS)
        statement = f"SELECT specialist_id, tenant, day, {metrics} FROM counters WHERE generation = :generation"  # noqa: S608
        return await cells(self.service, statement, generation=generation)


def _item(envelope):
    topic, key = envelope.data.topic, str(envelope.data.key_id).encode()
    return Item(TP(topic, murmur2(key) % TOPICS[topic].partitions), key, encode(envelope))


@pytest.fixture
def stage(stats_service):
    return Stage(stats_service)


@pytest.fixture
def as_ops(as_, stats_client):
    async def call(method, path, **options):
        return await stats_client.request(method, path, headers=as_(OMAR), **options)

    return call


async def test_built_anew_under_load_the_figures_are_the_same(stage, as_ops):
    teller = Teller(20260301)
    some, more = ([event for _ in range(40) for event in teller.history()] for _ in "ab")
    async with stage.on():
        await stage.say(*some)
        await stage.heard()
        assert (await as_ops("POST", "/builds", json={})).status_code == 202
        saying = asyncio.create_task(_little_by_little(stage, more))
        await stage.carried_on()
        await saying
        await stage.heard()
        assert await stage.live() == 2
        async with stage.service.database.session("*") as tx:
            assert await stage.counted(2) == await oracle(tx, some + more)
            assert await tx.scalar(sa.text("SELECT count(*) FROM states WHERE generation = 1")) == 0


async def _little_by_little(stage, events):
    for at in range(0, len(events), 10):
        await stage.say(*events[at : at + 10])
        await asyncio.sleep(0.005)


async def test_what_was_shown_before_the_switch_is_still_known(stage, as_ops, as_, stats_client):
    known, other = ids(), ids()

    async def read(**query):
        answer = await stats_client.get(
            FIGURES, headers=as_(ANNA), params={"from": "2026-03-01", "to": "2026-03-31"} | query
        )
        return answer.json()

    async with stage.on():
        with clock.at(MAY):
            await stage.say(opening(known), session(known), opening(other), views(9))
            await stage.heard()
        shown = clock.now()
        before = await read()
        await stage.say(ruling(other))
        await stage.heard()
        decided = await read()
        await as_ops("POST", "/builds", json={})
        await stage.carried_on()
        after = await read()
        assert after["conversion"]["counts"] == decided["conversion"]["counts"] != before["conversion"]["counts"]
        then = await read(known_at=shown.isoformat(), as_of=before["as_of"])
        assert then["conversion"]["counts"] == before["conversion"]["counts"]
        assert then["overall"] == before["overall"]


async def test_a_new_policy_is_a_new_version_and_takes_effect_at_the_switch(stage, as_ops):
    known = ids()
    async with stage.on():
        await stage.say(opening(known), views(9), ruling(known, ground="spam"))
        await stage.heard()
        assert (await stage.counted(1))[ANNA.id, ANNA.tenant, MARCH.date()]["unviewed"] == 1
        begun = await as_ops("POST", "/builds", json={"policy": {"views_leave": ["gibberish"]}})
        assert begun.json() == {"number": 2}
        await stage.carried_on()
        assert "unviewed" not in (await stage.counted(2))[ANNA.id, ANNA.tenant, MARCH.date()]
        (new, old) = (await as_ops("GET", "/builds")).json()["items"]
        assert (new["state"], new["policy_version"], new["outcome"]) == ("live", 2, "1 days came out differently")
        assert (old["state"], old["policy_version"]) == ("retired", 1)
        assert (await as_ops("GET", "/policies/2")).json()["policy"]["views_leave"] == ["gibberish"]
        assert (await as_ops("GET", "/policies/3")).status_code == 404


async def test_figures_that_come_out_differently_are_not_switched_to_unasked(stage, as_ops):
    known = ids()
    async with stage.on():
        await stage.say(opening(known), reply(known))
        await stage.heard()
        async with stage.service.database.session("*") as tx:
            await tx.execute(sa.text("UPDATE counters SET won = 5"))
        await as_ops("POST", "/builds", json={})
        await stage.carried_on()
        assert await stage.live() == 1
        failed = (await as_ops("GET", "/builds")).json()["items"][0]
        assert (failed["state"], failed["outcome"]) == ("failed", "not switched to: 1 days came out differently")
        assert await stage.counted(2) == {}
        await stage.say(session(known))
        await stage.heard()
        assert (await stage.counted(1))[ANNA.id, ANNA.tenant, MARCH.date()]["won"] == 6
        await as_ops("POST", "/builds", json={"accept_differences": True})
        await stage.carried_on()
        assert (await stage.counted(3))[ANNA.id, ANNA.tenant, MARCH.date()]["won"] == 1


async def test_a_build_goes_on_where_it_was_broken_off(stage, as_ops, monkeypatch):
    known = ids()
    async with stage.on():
        await stage.say(opening(known))
        await stage.heard()
        await as_ops("POST", "/builds", json={})
    async with stage.on():
        await stage.say(session(known))
        with monkeypatch.context() as patched:

            async def dies(*_):
                raise ConnectionError

            patched.setattr(commands.rebuild, "_switched", dies)
            patched.setattr(rebuild, "let_go", dies)
            await eventually_behind(stage)
            with pytest.raises(ConnectionError):
                await jobs.carry_on_building(stage.service.database, clock.now())
    async with stage.on():
        await stage.carried_on()
        await stage.heard()
        assert await stage.live() == 2
        assert (await stage.counted(2))[ANNA.id, ANNA.tenant, MARCH.date()]["won"] == 1


async def eventually_behind(stage):
    """Wait until the new generation has begun."""
    async with asyncio.timeout(60):
        while True:
            async with stage.service.database.session("*") as tx:
                if await queries.behind(tx, 1, 2) is not None:
                    return
            await asyncio.sleep(0.02)


async def test_a_cancelled_build_leaves_nothing_and_the_live_figures_go_on(stage, as_ops):
    known = ids()
    async with stage.on():
        await stage.say(opening(known))
        await stage.heard()
        await as_ops("POST", "/builds", json={})
        await eventually_behind(stage)
        await rebuild.hold(stage.engine, queries.subscriber(1), "somebody who died")
        assert (await as_ops("POST", "/builds/2/cancellation")).status_code == 204
        await stage.carried_on()
        await jobs.carry_on_building(stage.service.database, clock.now())
        await stage.say(session(known))
        await stage.heard()
        assert (await stage.counted(1))[ANNA.id, ANNA.tenant, MARCH.date()]["won"] == 1
        assert await stage.counted(2) == {}
        assert (await as_ops("POST", "/builds/2/cancellation")).json()["code"] == "build_unknown"


async def test_only_the_live_generation_tells_of_the_past(stage, as_ops):
    struck, later = ids(), ids()
    async with stage.on():
        await stage.say(opening(struck), opening(later))
        await stage.heard()
        await stage.say(ruling(struck))
        await stage.heard()
        await as_ops("POST", "/builds", json={})
        await stage.carried_on()
        await stage.say(ruling(later))
        await stage.heard()
        told = [record.value for records in stage.log.records.values() for record in records]
        assert sum(b"FiguresRestated" in value for value in told) == 2


async def test_two_builds_at_once_are_one_too_many(as_ops):
    assert (await as_ops("POST", "/builds", json={})).status_code == 202
    again = await as_ops("POST", "/builds", json={})
    assert (again.status_code, again.json()["code"]) == (409, "build_under_way")


@pytest.mark.parametrize("policy", [{"horizon": "long"}, {"colour": "red"}, {"views_leave": ["boredom"]}])
async def test_a_policy_that_cannot_be_is_refused(policy, as_ops):
    refused = await as_ops("POST", "/builds", json={"policy": policy})
    assert (refused.status_code, refused.json()["code"]) == (422, "policy_invalid")


async def test_builds_are_for_operators(stats_client, as_):
    for person in (ANNA, MARTA):
        for method, path in (("GET", "/builds"), ("POST", "/builds"), ("POST", "/builds/1/cancellation")):
            assert (await stats_client.request(method, path, headers=as_(person), json={})).status_code == 403
