"""A request that comes twice takes effect once, and is answered twice with the same words."""

import asyncio

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit.sample import NoteRow
from tests.people import OLENA, STRANGE_CLIENT, TARAS

PATHS = ("/notes",)


async def count(service):
    async with service.database.session("*") as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(NoteRow))


@pytest.mark.parametrize("path", PATHS)
async def test_the_second_answer_is_the_first(sample_client, sample_service, as_, path):
    first = await sample_client.post(path, json={"words": "a"}, headers=as_(OLENA, key="k"))
    again = await sample_client.post(path, json={"words": "a"}, headers=as_(OLENA, key="k"))
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers.get("location") == first.headers.get("location")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert await count(sample_service) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_another_request_under_the_same_key_is_refused(sample_client, as_, path):
    await sample_client.post(path, json={"words": "a"}, headers=as_(OLENA, key="k"))
    other = await sample_client.post(path, json={"words": "b"}, headers=as_(OLENA, key="k"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [None, "", " ", "a b", "ключ".encode().decode("latin-1"), "k" * 256])
async def test_a_key_is_needed_and_has_a_form(sample_client, sample_service, as_, path, key):
    headers = as_(OLENA) | ({} if key is None else {"Idempotency-Key": key.encode("latin-1")})
    answer = await sample_client.post(path, json={"words": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert await count(sample_service) == 0


async def test_keys_belong_to_people_and_houses(sample_client, sample_service, as_):
    for person in (OLENA, TARAS, STRANGE_CLIENT):
        answer = await sample_client.post("/notes", json={"words": "a"}, headers=as_(person, key="k"))
        assert "idempotency-replayed" not in answer.headers
    assert await count(sample_service) == 3


@pytest.mark.parametrize("path", PATHS)
async def test_what_failed_may_be_tried_again_under_the_same_key(sample_client, as_, path):
    await sample_client.post(path, json={"words": "a", "once": "x"}, headers=as_(OLENA, key="first"))
    failed = await sample_client.post(path, json={"words": "b", "once": "x"}, headers=as_(OLENA, key="k"))
    again = await sample_client.post(path, json={"words": "b", "once": "y"}, headers=as_(OLENA, key="k"))
    assert (failed.status_code, again.status_code) == (500, 201)


@pytest.mark.parametrize("path", PATHS)
async def test_of_twenty_at_once_one_takes_effect(sample_client, sample_service, as_, path):
    answers = await asyncio.gather(
        *(sample_client.post(path, json={"words": "a"}, headers=as_(OLENA, key="k")) for _ in range(20))
    )
    assert await count(sample_service) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    running = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.json()["code"] == "still_running" and answer.headers["retry-after"] for answer in running)
    later = await sample_client.post(path, json={"words": "a"}, headers=as_(OLENA, key="k"))
    assert later.headers["idempotency-replayed"] == "true"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.sampled_from("kl"), st.sampled_from("ab")), min_size=1, max_size=8))
def test_effects_are_as_many_as_keys_in_whatever_order_they_come(asked, history):
    kept, answers = history(asked)
    first: dict[str, str] = {}
    for key, words in asked:
        first.setdefault(key, words)
    assert sorted(kept) == sorted(first.values())
    for (key, words), status in zip(asked, answers, strict=True):
        assert status == (201 if words == first[key] else 422)


@pytest.fixture
def history(sample_client, sample_service, as_):
    """Sends requests one after another; what was kept, and how each was answered."""
    number = iter(range(1_000_000))
    loop = asyncio.get_event_loop_policy().get_event_loop()

    async def send(asked):
        run = next(number)
        answers = [
            await sample_client.post("/notes", json={"words": f"{run} {words}"}, headers=as_(OLENA, key=f"{run}-{key}"))
            for key, words in asked
        ]
        async with sample_service.database.session("*") as tx:
            kept = await tx.scalars(sa.select(NoteRow.words).where(NoteRow.words.startswith(f"{run} ")))
        return [words.split()[1] for words in kept], [answer.status_code for answer in answers]

    return lambda asked: loop.run_until_complete(send(asked))
