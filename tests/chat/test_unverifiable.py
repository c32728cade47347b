"""What could not be proved to others is not shown: else somebody could write what cannot be reported."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from httpx import AsyncClient
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.kit.sealing import Unsealable, decrypted, encrypted
from libs.kit.sql import EVERY_TENANT
from services.chat.domain import Contents, Place
from services.chat.schemas import bytes_of
from tests.chat.readings import planted
from tests.chat.scenes import conversation, heard, say
from tests.people import ANNA, OLENA

ALTERED = {
    "another sender": "UPDATE messages SET sender_id = '{olena}' WHERE seq = 2",
    "another side": "UPDATE messages SET side = 'client' WHERE seq = 2",
    "another moment": "UPDATE messages SET at = at - interval '1 hour' WHERE seq = 2",
    "another commitment": "UPDATE messages SET commitment = sha256(commitment) WHERE seq = 2",
    "another stamp": "UPDATE messages SET stamp = set_byte(stamp, 9, get_byte(stamp, 9) # 1) WHERE seq = 2",
    "another body": "UPDATE messages SET body = set_byte(body, 30, get_byte(body, 30) # 1) WHERE seq = 2",
    "cut short": "UPDATE messages SET body = substr(body, 1, 20) WHERE seq = 2",
    "another form": "UPDATE messages SET form = 'opaque' WHERE seq = 2",
    "another's body": "UPDATE messages m SET body = o.body FROM messages o WHERE m.seq = 2 AND o.seq = 1",
    "another's everything": "UPDATE messages m SET body = o.body, commitment = o.commitment, stamp = o.stamp "
    "FROM messages o WHERE m.seq = 2 AND o.seq = 1",
}


async def talked(service: Any, client: AsyncClient, as_: Any) -> UUID:
    talk = await conversation(service)
    for words in ("first words", "second words", "third words"):
        assert (await say(client, as_(ANNA), talk, words)).status_code == 201
    return talk


async def shown(client: AsyncClient, as_: Any, talk: UUID) -> list[tuple[str | None, bool]]:
    found = await heard(client, as_(OLENA), talk)
    return [(each["body"], each["unverifiable"]) for each in found["items"]]


@pytest.mark.parametrize("how", ALTERED)
async def test_d18_what_was_altered_is_shown_to_nobody(
    chat_service: Any, chat_client: AsyncClient, as_: Any, how: str
) -> None:
    talk = await talked(chat_service, chat_client, as_)
    assert await planted(chat_service, ALTERED[how].format(olena=OLENA.id)) == 1
    assert await shown(chat_client, as_, talk) == [("first words", False), (None, True), ("third words", False)]


@pytest.mark.parametrize("how", ["other words", "another salt", "a picture more"])
async def test_d18_a_body_that_does_not_fit_its_commitment_is_refused(
    chat_service: Any, chat_client: AsyncClient, as_: Any, how: str
) -> None:
    """Sealed with the very key, in the very place, under the very stamp: only the commitment gives it away."""
    talk = await talked(chat_service, chat_client, as_)
    found = await heard(chat_client, as_(OLENA), talk)
    contents = {
        "other words": lambda salt: Contents(salt, (), b"kinder words"),
        "another salt": lambda _: Contents(bytes(32), (), b"second words"),
        "a picture more": lambda salt: Contents(salt, (bytes(32),), b"second words"),
        "nothing": lambda salt: Contents(salt, (), b"second words"),
    }
    salt = bytes_of(found["items"][1]["salt"])
    assert await _resealed(chat_service, talk, contents["nothing"](salt)) == 1
    assert (await shown(chat_client, as_, talk))[1] == ("second words", False)
    assert await _resealed(chat_service, talk, contents[how](salt)) == 1
    assert (await shown(chat_client, as_, talk))[1] == (None, True)


@pytest.mark.parametrize(
    "elsewhere",
    [{"conversation_id": uuid7()}, {"seq": 2}, {"sender_id": OLENA.id}, {"mode": "observed"}],
    ids=["conversation", "number", "sender", "mode"],
)
def test_a_body_opens_at_its_own_place_only(elsewhere: dict[str, Any]):
    """The cipher alone says so, with no stamp to help it."""
    key, place = AESGCM(bytes(32)), Place(conversation_id=uuid7(), seq=1, sender_id=ANNA.id, mode="sealed")
    sealed = encrypted(key, b"words", to=place.encoded())
    assert decrypted(key, sealed, to=place.encoded()) == b"words"
    with pytest.raises(Unsealable):
        decrypted(key, sealed, to=replace(place, **elsewhere).encoded())


async def _resealed(service: Any, talk: UUID, contents: Contents) -> int:
    key = await service.resources.vault.keys.key(talk)
    place = Place(conversation_id=talk, seq=2, sender_id=ANNA.id, mode="sealed").encoded()
    async with service.database.session(EVERY_TENANT) as tx:
        sealed = {"body": encrypted(key, contents.packed(), to=place)}
        changed: int = (await tx.execute(text("UPDATE messages SET body = :body WHERE seq = 2"), sealed)).rowcount
    return changed
