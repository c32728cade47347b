"""What becomes of a notification that a courier does not take: again, later, under one id, and in the end loudly."""

from datetime import timedelta
from typing import Any

import pytest_asyncio
from prometheus_client import REGISTRY

from libs.kit.couriers import later, refused
from tests.chat.notices import House
from tests.people import ANNA, OLENA

GRACE, AGAIN = 31, 301


@pytest_asyncio.fixture
async def house(chat_service: Any, chat_client: Any, as_: Any) -> House:
    made = House(chat_service, chat_client, as_)
    await made.reached(OLENA)
    return made


async def test_what_fails_is_tried_again_later_and_later_under_one_id(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    house.pocket.answers = [later("http_503"), later("http_503", after=timedelta(minutes=3)), later("http_away")]
    first = await house.passes(GRACE)
    assert [len(await house.passes(wait)) for wait in (14, 2, 31, 140, 10, 55, 10)] == [0, 1, 0, 0, 1, 0, 1]
    assert {parcel.id for parcel in house.pocket.parcels} == {first[0].id}
    assert len({parcel.text for parcel in house.pocket.parcels}) == 1
    assert (await house.silence(OLENA, talk))["ignored"] == 1
    assert [row.state for row in await house.rows()] == ["sent"]


async def test_what_was_read_meanwhile_is_not_tried_again(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    house.pocket.answers = [later("http_503")]
    await house.passes(GRACE)
    await house.read(OLENA, talk, 1)
    assert await house.passes(AGAIN) == []


async def test_what_cannot_be_told_is_given_up_loudly_and_was_not_ignored(house: House):
    await house.rules(attempts=3, retry_after="PT1S")
    talk = await house.talk()
    house.pocket.answers = [later("http_503")] * 3
    before = given_up("exhausted"), given_up("http_422")
    await house.write(ANNA, talk)
    assert [len(await house.passes(wait)) for wait in (GRACE, 10, 10, 60, 60)] == [1, 1, 1, 0, 0]
    house.pocket.answers = [refused("http_422")]
    await house.write(ANNA, talk)
    await house.passes(AGAIN)
    assert (given_up("exhausted"), given_up("http_422")) == (before[0] + 1, before[1] + 1)
    assert (await house.silence(OLENA, talk))["ignored"] == 0
    assert [(row.state, row.why) for row in await house.rows()] == [
        ("given_up", "exhausted"), ("given_up", "http_422"),
    ]  # fmt: skip
    for _ in range(2):
        await house.write(ANNA, talk)
        assert len(await house.passes(AGAIN)) == 1


def given_up(why: str, *, kind: str = "sms") -> float:
    labels = {"kind": kind, "why": why}
    return REGISTRY.get_sample_value("dovira_notifications_given_up_total", labels) or 0


async def test_an_attempt_of_which_nothing_was_heard_is_made_again_under_the_same_id(house: House):
    """Whoever died between sending and marking left a lease, which ends."""
    talk = await house.talk()
    await house.write(ANNA, talk)
    house.pocket.dies = True
    (first,) = await house.passes(GRACE)
    assert await house.passes(50) == []
    house.pocket.dies = False
    (again,) = await house.passes(11)
    assert again == first
    assert await house.passes(AGAIN) == []


async def test_a_lost_key_is_said_and_keeps_nobody_else_waiting(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    before = given_up("unsealable", kind="none")
    await house.sealed_by_nobody(OLENA)
    assert await house.passes(AGAIN) == []
    assert given_up("unsealable", kind="none") == before + 1


async def test_what_was_told_long_ago_is_forgotten(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    await house.passes(GRACE)
    await house.forgets(days=29)
    assert len(await house.rows()) == 1
    await house.forgets(days=2)
    assert await house.rows() == []


async def test_one_that_cannot_be_told_keeps_nobody_else_waiting(house: House, monkeypatch: Any):
    talks = [await house.talk() for _ in range(3)]
    for talk in talks:
        await house.write(ANNA, talk)
    courier, deliver = house.pocket, house.pocket.deliver
    calls = 0

    async def breaks_once(parcel: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("a bug of ours")
        return await deliver(parcel)

    monkeypatch.setattr(courier, "deliver", breaks_once)
    assert len(await house.passes(GRACE)) == 2
    assert len(await house.passes(61)) == 1
