"""Of a person who is forgotten nothing is left but ids that say nothing by themselves, each for a reason.

Every column that could name a person is in one of three lists, so that a new table cannot be forgotten.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Uuid, func, select

from libs.bus.ids import uuid7
from services.chat.tables import Base
from tests.canary import PHONE, tables_with
from tests.chat.pictures import added, objects_of
from tests.chat.pictures import send as send_picture
from tests.chat.scenes import conversation, hear, heard, say
from tests.chat.sockets import ticket
from tests.chat.test_contact_cards import allow
from tests.chat.test_contact_cards import send as send_card
from tests.chat.test_reviews import Desk, left
from tests.people import ANNA, BORIS, HILL, OLENA, OMAR, Principal

GONE: Final = {
    ("addresses", "person_id"), ("attentions", "person_id"), ("entries", "person_id"), ("guests", "person_id"),
    ("idempotency", "principal"), ("live_tickets", "reader_id"), ("notifications", "person_id"),
    ("read_positions", "reader_id"), ("representatives", "account_id"), ("reviews", "client_id"),
}  # fmt: skip
STAYS: Final = {
    ("attachments", "uploader_id"): "a picture that was sent is part of somebody else's talk; one that was not is gone",
    ("consultations", "specialist_id"): "a time, in somebody else's talk",
    ("conversations", "client_id"): "of a talk that is empty",
    ("conversations", "counterpart_id"): "with whom somebody else has talked",
    ("conversations", "specialist_id"): "the same",
    ("messages", "sender_id"): "what was said to somebody else is theirs, too; contact cards are emptied",
    ("policies", "by"): "a decision of the house's, by its staff",
    ("reviews", "clinic_id"): "partners say whom a review is about",
    ("reviews", "specialist_id"): "the same",
    ("sessions", "specialist_id"): "intake says who has met",
    ("templates", "by"): "a decision of the house's, by its staff",
}
NOBODY: Final = {
    ("claims", "owner"), ("conversations", "id"), ("conversations", "review_id"), ("inbox", "event_id"),
    ("ledger_entries", "subject_id"), ("ledger_heads", "subject_id"), ("ledger_leaves", "subject_id"),
    ("messages", "client_message_id"), ("notifications", "id"), ("outbox", "key"), ("reviews", "id"),
    ("sessions", "session_id"), ("sessions", "request_id"), ("templates", "id"), ("attachments", "id"),
}  # fmt: skip
# Who has read is proved to the other side, so the ledger keeps whom (17); events have ids, and are gone after a while.
IN_BYTES: Final = {"ledger_entries", "outbox"}


@pytest.fixture(autouse=True)
def no_objects(chat_service: Any) -> Iterator[None]:
    """Other tests begin with an empty store."""
    yield
    for path in objects_of(chat_service):
        path.unlink()


def test_every_column_that_could_name_a_person_is_known_here():
    found = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Uuid) and column.name != "conversation_id"
    }
    assert found == GONE | STAYS.keys() | NOBODY
    assert not GONE & STAYS.keys()


async def named(service: Any, person: Principal) -> set[tuple[str, str]]:
    """The columns that name a person."""
    async with service.database.session("*") as tx:
        counts = {
            (table, column): await tx.scalar(
                select(func.count()).where(Base.metadata.tables[table].c[column] == person.id)
            )
            for table, column in GONE | STAYS.keys()
        }
    return {place for place, count in counts.items() if count}


async def forget(client: Any, as_: Any, person: Principal) -> None:
    asked = {"subject_id": str(person.id)}
    for _ in range(2):
        answer = await client.post("erasures", json=asked, headers=as_(OMAR, key=uuid7().hex))
        assert answer.status_code == 200, answer.text


async def used(service: Any, client: Any, as_: Any) -> UUID:
    """Whatever two people do in chat, each of them did it; the talk of theirs that is about a request."""
    desk = Desk(client, as_, service)
    for person in (ANNA, OLENA):
        address = {"phone": PHONE, "mail": "somebody@example.test", "locale": "uk"}
        await client.put("addresses/mine", json=address, headers=as_(person))
    await desk.opened(ANNA)
    talk = await conversation(service)
    for person in (OLENA, ANNA):
        await say(client, as_(person), talk, "Good evening")
    for person in (OLENA, ANNA):
        await client.put(f"conversations/{talk}/read-position", json={"seq": 1}, headers=as_(person))
        await heard(client, as_(person), talk)
        await ticket(client, as_(person), talk)
        await send_picture(client, as_(person), talk, await added(client, as_(person), talk))
    await client.put(f"conversations/{talk}/consultation", headers=as_(ANNA))
    async with service.database.begin() as db:
        for table in ("entries", "guests"):
            await db.exec_driver_sql(
                f"INSERT INTO {table} (digest, tenant, conversation_id, person_id, expires_at) "  # noqa: S608 - ours
                "VALUES ($1, $2, $3, $4, clock_timestamp() + interval '1 hour')",
                (table.encode(), OLENA.tenant, talk, OLENA.id),
            )
    return talk


async def test_of_a_person_who_is_forgotten_only_ids_stay_that_are_listed(
    chat_service: Any, chat_client: Any, as_: Any
):
    """First the specialist, whose clients keep their talks, then the client, who keeps none."""
    talk = await used(chat_service, chat_client, as_)
    before = {who.id: await named(chat_service, who) for who in (ANNA, OLENA)}
    assert before[ANNA.id] | before[OLENA.id] >= GONE, "the scene leaves nothing out"
    for person in (ANNA, OLENA):
        await forget(chat_client, as_, person)
        assert await named(chat_service, person) & GONE == set()
        kept = {table for table, _ in STAYS} | IN_BYTES
        assert await tables_with(chat_service, str(person.id)) <= kept
        if person is ANNA:
            assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 4
            assert await named(chat_service, OLENA) == before[OLENA.id]


async def test_the_contact_cards_of_a_specialist_who_is_forgotten_are_emptied_and_no_others(
    chat_service: Any, chat_client: Any, as_: Any
):
    """They have places in the talk, which stay; those of a former counterpart are found as well."""
    await allow(chat_client, as_, "allow")
    mine, other = await conversation(chat_service), await conversation(chat_service, by=BORIS)
    await say(chat_client, as_(ANNA), mine, "Good evening")
    for talk, by in ((mine, ANNA), (mine, OLENA), (other, BORIS), (other, OLENA)):
        assert (await send_card(chat_client, as_, by, talk)).status_code == 201
    await forget(chat_client, as_, ANNA)
    first, second, third = (await heard(chat_client, as_(OLENA), mine))["items"]
    assert (first["body"], second["form"], second["card"], second["unverifiable"]) == (
        "Good evening", "card", None, True,
    )  # fmt: skip
    assert third["card"] is not None
    assert all(item["card"] for item in (await heard(chat_client, as_(OLENA), other))["items"])
    await say(chat_client, as_(OLENA), mine, "and it goes on")


async def test_a_picture_that_a_specialist_did_not_send_goes_with_them(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    for person in (ANNA, OLENA):
        await added(chat_client, as_(person), talk)
    assert len(objects_of(chat_service)) == 2
    await forget(chat_client, as_, ANNA)
    assert len(objects_of(chat_service)) == 1
    async with chat_service.database.begin() as db:
        left = (await db.exec_driver_sql("SELECT uploader_id FROM attachments")).scalars().all()
    assert [UUID(str(each)) for each in left] == [OLENA.id]


async def test_a_review_that_is_told_again_does_not_bring_its_author_back(
    chat_service: Any, chat_client: Any, as_: Any
):
    """Only a newer version of it says something new."""
    review = left()
    await hear(chat_service, review)
    await forget(chat_client, as_, OLENA)
    await hear(chat_service, review)
    assert ("reviews", "client_id") not in await named(chat_service, OLENA)


async def test_other_people_and_houses_are_not_touched(chat_service: Any, chat_client: Any, as_: Any):
    await used(chat_service, chat_client, as_)
    before = {who.id: await named(chat_service, who) for who in (ANNA, OLENA)}
    for stranger in (BORIS, HILL):
        await forget(chat_client, as_, stranger)
    assert {who.id: await named(chat_service, who) for who in (ANNA, OLENA)} == before
