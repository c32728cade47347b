"""Where people want to be told: in one form, sealed, and shown to nobody else."""

from typing import Any

import pytest
import pytest_asyncio

from libs.kit.errors import Invalid
from libs.kit.sealing import Unsealable
from libs.kit.sql import EVERY_TENANT
from services.chat.domain.addresses import address, mail_address, masked_mail, masked_phone
from services.chat.queries import address_of
from services.chat.tables import AddressRow
from tests.canary import PHONE, leaked, tables_with
from tests.chat.notices import House
from tests.people import ANNA, HILL, MARTA, OLENA, OMAR, STRANGE_CLIENT, TARAS

MAIL = "olena.canary-2297@example.test"


@pytest_asyncio.fixture
async def house(chat_service: Any, chat_client: Any, as_: Any) -> House:
    return House(chat_service, chat_client, as_)


async def put(house: House, who: Any = OLENA, **given: Any) -> Any:
    return await house.ask("PUT", "addresses/mine", who, json={"locale": "uk"} | given)


async def test_an_address_is_shown_masked_and_to_its_owner_alone(house: House):
    told = await put(house, phone=PHONE, mail=MAIL)
    assert told.json() == {"phone": "+380•••••••21", "mail": "o•••@example.test", "locale": "uk"}
    assert (await house.ask("GET", "addresses/mine", OLENA)).json() == told.json()
    for other in (TARAS, ANNA, HILL, STRANGE_CLIENT):
        answer = await house.ask("GET", "addresses/mine", other)
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")
    for staff in (MARTA, OMAR):
        assert (await house.ask("GET", "addresses/mine", staff)).status_code == 403


async def test_no_table_holds_an_address_that_could_be_read(house: House):
    await put(house, phone=PHONE, mail=MAIL)
    for clear in (PHONE, PHONE.replace(" ", ""), "447654321", MAIL, "canary-2297"):
        assert await tables_with(house.service, clear) == set()


async def test_an_address_that_was_moved_to_another_person_cannot_be_read(house: House):
    await put(house, phone=PHONE)
    sealer = house.service.resources.vault.sealer
    async with house.service.database.session(EVERY_TENANT) as tx:
        row = await tx.get(AddressRow, (OLENA.tenant, OLENA.id))
        assert row is not None
        tx.add(AddressRow(tenant=TARAS.tenant, person_id=TARAS.id, phone=row.phone, locale="uk", at=row.at))
        row.mail = row.phone
        await tx.flush()
        for person in (TARAS, OLENA):
            with pytest.raises(Unsealable):
                await address_of(tx, sealer, tenant=person.tenant, person_id=person.id)
        await tx.rollback()


async def test_what_is_said_anew_takes_the_place_of_what_was_said(house: House):
    await put(house, phone=PHONE, mail=MAIL)
    await put(house, mail="new@example.test", locale="bg")
    assert (await house.ask("GET", "addresses/mine", OLENA)).json() == {
        "phone": None, "mail": "n•••@example.test", "locale": "bg",
    }  # fmt: skip
    for _ in range(2):
        assert (await house.ask("DELETE", "addresses/mine", OLENA)).status_code == 204
    assert (await house.ask("GET", "addresses/mine", OLENA)).status_code == 404


@pytest.mark.parametrize(
    "written", ["+77777777777", "77777777777", "+7 (777) 777-77-77", "\uff0b" + "\uff17" * 11, "+" + "\u0667" * 11]
)
async def test_b2_the_placeholder_is_no_phone(house: House, written: str):
    answer = await put(house, phone=written)
    assert (answer.status_code, answer.json()["code"]) == (422, "address_missing")
    assert (await put(house, phone=written, mail=MAIL)).json()["phone"] is None


@pytest.mark.parametrize(
    "given",
    [
        {}, {"phone": ""}, {"phone": None, "mail": " "}, {"phone": "044 765 43 21"}, {"phone": "+380 44 765"},
        {"phone": "+380447654321" * 9}, {"mail": "olena"}, {"mail": "@example.test"}, {"mail": "a@b"},
        {"mail": "a b@example.test"}, {"mail": "a@example..test"}, {"mail": "a@-example.test"},
        {"mail": "a@example.test\nBcc: b@example.test"}, {"mail": "a@example.test, b@example.test"},
        {"mail": "A <a@example.test>"}, {"mail": ".a@example.test"}, {"mail": f"{'a' * 65}@example.test"},
        {"mail": f"a@{'b.' * 130}test"}, {"mail": "оля@example.test"}, {"phone": PHONE, "locale": "xx"},
        {"phone": PHONE, "of": "another"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_no_address_is_refused_without_repeating_it(house: House, given: dict[str, Any]):
    answer = await put(house, **given)
    assert answer.status_code == 422
    assert leaked(answer.text) == []
    assert (await house.ask("GET", "addresses/mine", OLENA)).status_code == 404


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Olena@Example.TEST ", "Olena@example.test"),
        ("o'neill+tag@mail.example.org", "o'neill+tag@mail.example.org"),
        ("", None), ("a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"),
    ],
)  # fmt: skip
def test_mail_addresses_have_one_form(written: str, kept: str | None):
    assert mail_address(written) == kept


def test_masks_show_enough_to_know_again_and_no_more():
    assert masked_phone("+380447654321") == "+380•••••••21"
    assert masked_phone("+35312345") == "+353•••45"
    assert masked_mail("ab@example.test") == "a•••@example.test"
    assert (masked_phone(None), masked_mail(None)) == (None, None)


def test_an_address_in_a_log_line_says_nothing():
    shown = repr(address(PHONE, MAIL, "uk"))
    assert leaked(shown) == []
    assert MAIL not in shown


def test_what_is_wrong_with_an_address_is_for_people_to_read():
    with pytest.raises(Invalid):
        address(None, None, "uk")
