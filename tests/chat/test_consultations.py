"""The free consultation: its specialist begins it, both sides see its time, and nobody reads a word for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import update

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.service import Running
from libs.kit.sql import dsn_of
from services.chat.domain.consultations import say_minutes_now
from services.chat.tables import ConversationRow
from tests.chat.scenes import NOW, accepted, conversation, hear, released, say
from tests.chat.sockets import Line
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR, STRANGE_CLIENT, STRANGE_SPECIALIST, TARAS, THERAPY, Principal

TWENTY = timedelta(minutes=20)


async def begin(client: AsyncClient, as_: Any, by: Principal, talk: UUID, key: str | None = None) -> Response:
    return await client.post(f"conversations/{talk}/consultation", headers=as_(by, key=key or str(uuid7())))


async def seen(client: AsyncClient, as_: Any, by: Principal, talk: UUID) -> Any:
    answer = await client.get(f"conversations/{talk}/consultation", headers=as_(by))
    assert answer.status_code == 200, answer.text
    return answer.json()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_b12_both_sides_see_the_same_time(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    """And the house's own moment, from which a screen can count whatever its own clock says."""
    talk = await conversation(chat_service)
    before = await seen(chat_client, as_, OLENA, talk)
    assert (before["started_at"], before["ends_at"], before["running"]) == (None, None, False)
    with clock.at(NOW):
        begun = await begin(chat_client, as_, ANNA, talk)
    assert begun.status_code == 201
    assert (at(begun.json()["started_at"]), at(begun.json()["ends_at"])) == (NOW, NOW + TWENTY)
    for passed, running in ((0, True), (19, True), (20, False), (25, False)):
        with clock.at(NOW + timedelta(minutes=passed)):
            views = [await seen(chat_client, as_, side, talk) for side in (ANNA, OLENA)]
        for view in views:
            assert (at(view["now"]), view["running"]) == (NOW + timedelta(minutes=passed), running)
            assert view["ends_at"] == begun.json()["ends_at"]


async def test_b12_while_one_runs_there_is_no_other(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    """The refusal says until when; at that very moment another one may begin."""
    talk = await conversation(chat_service)
    with clock.at(NOW):
        await begin(chat_client, as_, ANNA, talk)
    with clock.at(NOW + TWENTY - timedelta(microseconds=1)):
        again = await begin(chat_client, as_, ANNA, talk)
    assert (again.status_code, again.json()["code"]) == (409, "consultation_running")
    assert at(again.json()["ends_at"]) == NOW + TWENTY
    with clock.at(NOW + TWENTY):
        later = await begin(chat_client, as_, ANNA, talk)
    assert (later.status_code, at(later.json()["ends_at"])) == (201, NOW + 2 * TWENTY)


async def test_b12_a_press_that_comes_twice_begins_once(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    talk = await conversation(chat_service)
    answers = [await begin(chat_client, as_, ANNA, talk, key="same") for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_b12_of_presses_at_once_one_begins(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    talk = await conversation(chat_service)
    answers = await asyncio.gather(*(begin(chat_client, as_, ANNA, talk) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409, 409]
    [begun] = [each.json() for each in answers if each.status_code == 201]
    assert {each.json()["ends_at"] for each in answers} == {begun["ends_at"]}


async def test_b12_only_its_specialist_begins_it(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    """The client sees it; to everybody else there is no such conversation."""
    talk = await conversation(chat_service)
    client = await begin(chat_client, as_, OLENA, talk)
    assert (client.status_code, client.json()["code"]) == (409, "only_specialist_begins")
    for person in (BORIS, TARAS, MARTA, OMAR, STRANGE_SPECIALIST, STRANGE_CLIENT):
        assert (await begin(chat_client, as_, person, talk)).status_code == 404
        answer = await chat_client.get(f"conversations/{talk}/consultation", headers=as_(person))
        assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")
    assert (await seen(chat_client, as_, OLENA, talk))["started_at"] is None


async def test_b12_whoever_comes_next_offers_their_own(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """A former specialist's time is over with their seat, even if it comes back to nobody."""
    talk = await conversation(chat_service)
    await begin(chat_client, as_, ANNA, talk)
    await hear(chat_service, released(talk))
    assert (await begin(chat_client, as_, ANNA, talk)).status_code == 404
    assert (await seen(chat_client, as_, OLENA, talk))["running"] is False
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    assert (await seen(chat_client, as_, OLENA, talk))["started_at"] is None
    assert (await begin(chat_client, as_, BORIS, talk)).status_code == 201
    assert (await seen(chat_client, as_, OLENA, talk))["running"] is True


async def test_b12_nothing_begins_where_all_is_over(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    talk = await conversation(chat_service)
    await having(chat_service, talk, ended_at=NOW, ended_by="client")
    answer = await begin(chat_client, as_, ANNA, talk)
    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_over")


async def test_b12_a_talk_about_a_review_has_no_free_consultation(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    talk = await conversation(chat_service)
    await having(chat_service, talk, purpose="solve", review_id=uuid7())
    assert (await begin(chat_client, as_, ANNA, talk)).json()["code"] == "only_specialist_begins"
    await say(chat_client, as_(ANNA), talk, "Hello")
    await say(chat_client, as_(OLENA), talk, "Hello")
    assert (await seen(chat_client, as_, ANNA, talk))["say_minutes_now"] is False


async def test_b12_the_length_is_the_houses(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    """One that runs keeps the length it began with; lengths that nobody can mean are refused."""
    talk, later = await conversation(chat_service), await conversation(chat_service)
    with clock.at(NOW):
        await begin(chat_client, as_, ANNA, talk)
        change = {"changes": {"consultations": {"length": "PT45M"}}}
        await chat_client.post("policies", json=change, headers=as_(OMAR, key="k"))
        assert at((await begin(chat_client, as_, ANNA, later)).json()["ends_at"]) == NOW + timedelta(minutes=45)
        assert at((await seen(chat_client, as_, OLENA, talk))["ends_at"]) == NOW + TWENTY
    for length in ("PT0S", "PT25H", "-PT20M", "soon"):
        change = {"changes": {"consultations": {"length": length}}}
        assert (await chat_client.post("policies", json=change, headers=as_(OMAR, key=length))).status_code == 422


async def test_b12_the_minutes_are_said_after_the_client_told_the_problem(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """Not before the greeting, not before the client has answered it, not after the offer; never to the client."""
    talk = await conversation(chat_service)
    hints = [await hint(chat_client, as_, talk)]
    for side, words in ((OLENA, "I cannot sleep"), (ANNA, "Good evening"), (ANNA, "What happened?"), (OLENA, "...")):
        await say(chat_client, as_(side), talk, words)
        hints.append(await hint(chat_client, as_, talk))
    await begin(chat_client, as_, ANNA, talk)
    hints.append(await hint(chat_client, as_, talk))
    assert hints == [False, False, False, False, True, False]


async def test_b12_whoever_comes_next_is_told_anew_when_to_say_them(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """By what was written since they greeted, not by what another specialist was told."""
    talk = await conversation(chat_service)
    for side in (ANNA, OLENA):
        await say(chat_client, as_(side), talk, "words")
    await begin(chat_client, as_, ANNA, talk)
    await hear(chat_service, released(talk))
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    hints = [await hint(chat_client, as_, talk, BORIS)]
    for side in (BORIS, OLENA):
        await say(chat_client, as_(side), talk, "words")
        hints.append(await hint(chat_client, as_, talk, BORIS))
    assert hints == [False, False, True]


@pytest.mark.parametrize(
    ("first_reply", "last_of_client", "offered", "told"),
    [(None, 3, False, False), (2, 1, False, False), (2, 3, False, True), (2, 3, True, False), (1, 0, False, False)],
)
def test_b12_the_hint_knows_who_wrote_when_and_nothing_else(
    first_reply: int | None, last_of_client: int, *, offered: bool, told: bool
) -> None:
    assert say_minutes_now(first_reply=first_reply, last_of_client=last_of_client, offered=offered) is told


async def test_b12_both_screens_are_told_at_once(
    chat_service: Running, chat_client: AsyncClient, as_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is committed, with the times and nothing else; a press that is answered again tells nothing anew."""
    talk, told, committed = await conversation(chat_service), [], []

    def announce(*what: Any) -> None:
        asyncio.get_running_loop()  # which a thread has not: live connections are nothing for threads
        told.append(what)
        # Nothing goes on here meanwhile: what another connection does not see by now is not committed.
        with ThreadPoolExecutor() as elsewhere:
            committed.append(elsewhere.submit(asyncio.run, begun_in(chat_service)).result())

    monkeypatch.setattr(chat_service.resources.hub, "announce", announce)
    begun = (await begin(chat_client, as_, ANNA, talk, key="one")).json()
    await begin(chat_client, as_, ANNA, talk, key="one")
    await begin(chat_client, as_, ANNA, talk, key="two")
    assert told == [(talk, {"type": "consultation"} | {name: begun[name] for name in ("started_at", "ends_at", "now")})]
    assert committed == [[talk]], "whoever is told and asks at once finds it"


async def test_b12_the_time_appears_on_both_screens(
    chat_service: Running, chat_client: AsyncClient, as_: Any, serve: Any
) -> None:
    talk = await conversation(chat_service)
    line = Line(await serve(chat_service.app), chat_client, as_)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk:
        begun = (await begin(chat_client, as_, ANNA, talk)).json()
        for device in (phone, desk):
            frame = await device.next("consultation")
            assert (frame["started_at"], frame["ends_at"]) == (begun["started_at"], begun["ends_at"])


async def hint(client: AsyncClient, as_: Any, talk: UUID, by: Principal = ANNA) -> bool:
    """Whether the specialist is to speak of the minutes; the client never is."""
    assert (await seen(client, as_, OLENA, talk))["say_minutes_now"] is False
    told = (await seen(client, as_, by, talk))["say_minutes_now"]
    assert isinstance(told, bool)
    return told


async def begun_in(service: Running) -> list[UUID]:
    """The conversations with a consultation, over a connection of one's own."""
    connection = await asyncpg.connect(dsn_of(service.database.engine.url.render_as_string(hide_password=False)))
    await connection.execute("SELECT set_config('app.tenant', '*', false)")
    rows = await connection.fetch("SELECT conversation_id FROM consultations")
    await connection.close()
    return [row["conversation_id"] for row in rows]


async def having(service: Running, talk: UUID, **changes: Any) -> None:
    """A conversation in another state."""
    async with service.database.session(THERAPY) as tx:
        await tx.execute(update(ConversationRow).where(ConversationRow.id == talk).values(**changes))
