"""The house looks only where both sides were told it may, with a ticket and a reason, and both see that it did."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import StaffLooked
from libs.kit.auth import Principal
from libs.kit.ledger.__main__ import main
from libs.kit.sql import EVERY_TENANT
from tests.canary import WORDS, tables_with
from tests.chat.readings import Archive, planted, sealed
from tests.chat.scenes import conversation, say
from tests.people import ANNA, BORIS, HILL, MARTA, OLENA, OMAR, SOFIA, STRANGE_SUPPORT, TARAS, THERAPY, VERA

TICKET = UUID("01926f3c-8a00-7000-8000-000000000f01")
ANALYST = Principal(UUID("01900000-0000-7000-8000-000000000072"), THERAPY, "analyst", frozenset({"analyst"}))
STAFF = [MARTA, SOFIA, VERA, ANALYST, OMAR, STRANGE_SUPPORT]
NEW = """
INSERT INTO conversations (id, tenant, purpose, privacy_mode, client_id, counterpart_id, counterpart_side,
  specialist_id, review_id, opened_at, since_seq, last_seq)
VALUES (:id, :tenant, 'solve', 'observed', :client, :clinic, 'clinic', :anna, :review, now(), 0, 0)
"""


async def observed(service: Any, client: AsyncClient, as_: Any, *, messages: int = 3) -> UUID:
    """A talk of Olena and a clinic, of which both know that the house may look."""
    talk = uuid7()
    async with service.database.session(EVERY_TENANT) as tx:
        known = {"tenant": THERAPY, "client": OLENA.id, "clinic": HILL.id, "anna": ANNA.id, "review": uuid7()}
        await tx.execute(text(NEW), {"id": talk} | known)
    for _ in range(messages):
        assert (await say(client, as_(OLENA), talk, WORDS)).status_code == 201
    return talk


async def look(client: AsyncClient, headers: dict[str, str], talk: UUID, **asked: Any) -> Response:
    body = {"ticket_id": str(TICKET), "reason": "dispute"} | asked
    return await client.post(f"conversations/{talk}/staff-readings", json=body, headers=headers)


@pytest.mark.parametrize("who", STAFF, ids=lambda who: f"{who.role} of {who.tenant}")
async def test_r14_a_sealed_conversation_does_not_exist_for_any_staff(
    chat_service: Any, chat_client: AsyncClient, as_: Any, who: Principal
) -> None:
    talk = await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, WORDS)
    answer = await look(chat_client, as_(who), talk)
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")
    assert await told(chat_service) == []


@pytest.mark.parametrize("who", [MARTA, SOFIA], ids=lambda who: who.role)
async def test_d2_p7_staff_look_into_an_observed_one_and_both_sides_see_it(
    chat_service: Any, chat_client: AsyncClient, as_: Any, tmp_path: Any, who: Principal
) -> None:
    talk = await observed(chat_service, chat_client, as_)
    answer = await look(chat_client, as_(who), talk, limit=2)
    assert answer.status_code == 201, answer.text
    assert [each["body"] for each in answer.json()["items"]] == [WORDS, WORDS]
    assert answer.json()["next"] == 2
    await sealed(chat_service)
    archive = Archive(tmp_path, chat_client, as_)
    for side in (OLENA, HILL):
        (page,) = await archive.pages(talk, by=side)
        (entry,) = page["entries"]
        assert entry | {"at": 0, "payload": 0, "digest": 0} == {
            "n": 1, "reader": str(who.id), "side": "staff", "use": "staff", "first_seq": 1, "last_seq": 2,
            "ticket_id": str(TICKET), "reason": "dispute", "at": 0, "payload": 0, "digest": 0,
        }  # fmt: skip
        assert main(["verify", await archive.keys(), archive.keep("page.json", page)]) == 0
    (event,) = await told(chat_service)
    assert (event.conversation_id, event.staff_id, event.ticket_id) == (talk, who.id, TICKET)


async def told(service: Any) -> list[StaffLooked]:
    return [each.data for each in await outbox(service.database.engine) if isinstance(each.data, StaffLooked)]


@pytest.mark.parametrize(
    "who",
    [VERA, ANALYST, OMAR, STRANGE_SUPPORT, OLENA, HILL, ANNA, BORIS, TARAS],
    ids=lambda who: str(who.id)[-2:],
)
async def test_d2_nobody_else_looks_that_way(
    chat_service: Any, chat_client: AsyncClient, as_: Any, who: Principal
) -> None:
    talk = await observed(chat_service, chat_client, as_)
    answer = await look(chat_client, as_(who), talk)
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")
    assert await told(chat_service) == []


@pytest.mark.parametrize(
    "missing", [{"ticket_id": None}, {"reason": None}, {"reason": "curious"}, {"ticket_id": "none"}], ids=str
)
async def test_d2_without_a_ticket_and_a_reason_nobody_looks(
    chat_service: Any, chat_client: AsyncClient, as_: Any, missing: dict[str, Any]
) -> None:
    talk = await observed(chat_service, chat_client, as_)
    assert (await look(chat_client, as_(MARTA), talk, **missing)).status_code == 422
    assert await told(chat_service) == []


async def test_d2_each_page_is_a_look_of_its_own_also_an_empty_one(
    chat_service: Any, chat_client: AsyncClient, as_: Any, tmp_path: Any
) -> None:
    talk = await observed(chat_service, chat_client, as_)
    for after in (0, 2, 3):
        assert (await look(chat_client, as_(MARTA), talk, after_seq=after, limit=2)).status_code == 201
    (page,) = await Archive(tmp_path, chat_client, as_).pages(talk)
    assert [(each["first_seq"], each["last_seq"]) for each in page["entries"]] == [(1, 2), (3, 3), (None, None)]
    assert len(await told(chat_service)) == 3


async def test_r14_what_staff_are_shown_is_kept_nowhere(chat_service: Any, chat_client: AsyncClient, as_: Any) -> None:
    """Not in the answers that are kept for who asks twice, either."""
    talk = await observed(chat_service, chat_client, as_)
    assert (await look(chat_client, as_(MARTA, key=uuid7().hex), talk)).status_code == 201
    body = {"messages": [{"seq": 1}]}
    shown = await chat_client.post(f"conversations/{talk}/excerpts", json=body, headers=as_(OLENA, key=uuid7().hex))
    assert shown.status_code == 201
    assert await tables_with(chat_service, WORDS) == set()


async def test_an_erased_conversation_is_looked_into_by_nobody(
    chat_service: Any, chat_client: AsyncClient, as_: Any
) -> None:
    talk = await observed(chat_service, chat_client, as_)
    await planted(chat_service, "UPDATE conversations SET erased_at = now()")
    assert (await look(chat_client, as_(MARTA), talk)).status_code == 404


async def test_an_erasure_that_is_under_way_is_enough(chat_service: Any, chat_client: AsyncClient, as_: Any) -> None:
    talk = await observed(chat_service, chat_client, as_)
    await chat_service.resources.vault.keys.destroy(talk)
    assert (await look(chat_client, as_(MARTA), talk)).status_code == 404
    assert await told(chat_service) == []
