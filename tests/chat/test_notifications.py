"""Who is told that there is something to read, and when that stops."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from libs.kit.sql import EVERY_TENANT
from services.chat.domain.notifications import WORDINGS
from tests.canary import WORDS
from tests.chat.notices import MAIL, TOKEN, House
from tests.chat.scenes import hear, released
from tests.people import ANNA, BORIS, HILL, MARTA, OLENA, TARAS

GRACE, AGAIN = 31, 301


@pytest_asyncio.fixture
async def house(chat_service: Any, chat_client: Any, as_: Any) -> House:
    made = House(chat_service, chat_client, as_)
    for who in (OLENA, ANNA, HILL):
        await made.reached(who)
    return made


async def ignored(house: House, talk: UUID, times: int) -> None:
    """So many messages are told to the client, who does not look."""
    for _ in range(times):
        await house.write(ANNA, talk)
        assert len(await house.passes(AGAIN)) == 1


async def test_p6_a_client_who_is_away_gets_an_sms_with_a_link_and_nothing_else(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk, WORDS)
    assert await house.passes(GRACE - 3) == []
    (sms,) = await house.passes(4)
    assert (sms.kind, sms.to, sms.subject) == ("sms", "+380447654321", "")
    assert sms.text == f"You have a new message: https://dovira.test/e/{TOKEN.findall(sms.text)[0]}"
    assert await house.passes(10 * AGAIN) == []


@pytest.mark.parametrize("locale", WORDINGS)
async def test_p6_a_notification_says_nothing_of_who_what_or_why(house: House, locale: str):
    """Lock screens are read by others: no name, no speciality, no word of the message, in each language."""
    talk = await house.talk()
    await house.reached(OLENA, locale=locale)
    await house.write(ANNA, talk, WORDS)
    (sms,) = await house.passes(GRACE)
    wording = WORDINGS[locale]
    assert TOKEN.sub("{link}", sms.text) == wording.by_link
    for said in (wording.by_link, wording.plain, wording.subject):
        assert not any(word in said.lower() for word in ("психо", "терап", "psycho", "therap", "dovira", "anna"))


async def test_p8_a_specialist_gets_a_mail_for_every_message(house: House):
    talk = await house.talk()
    for _ in range(5):
        await house.write(OLENA, talk)
    mails = await house.passes(GRACE)
    assert [(mail.kind, mail.to, mail.subject) for mail in mails] == [("mail", MAIL, "New message")] * 5
    assert {mail.text for mail in mails} == {"You have a new message. Sign in to read it."}
    assert len({mail.id for mail in mails}) == 5
    assert await house.told() == []


async def test_p8_a_clinic_gets_a_mail_for_every_message_at_once_and_is_never_muted(house: House):
    talk = await house.clinics_talk()
    for _ in range(3):
        await house.write(OLENA, talk)
    await house.read(HILL, talk, 2)
    assert len(await house.passes(0)) == 3
    for _ in range(5):
        await house.write(OLENA, talk)
        assert len(await house.passes(1)) == 1
    assert (await house.silence(HILL, talk)) == {"muted": False, "muted_by": None, "ignored": 0}


async def test_p8_a_house_may_spare_its_clinics_what_they_read_at_once(house: House):
    await house.rules(clinics_every_message=False)
    talk = await house.clinics_talk()
    for _ in range(3):
        await house.write(OLENA, talk)
    await house.read(HILL, talk, 2)
    assert await house.passes(1) == []
    assert len(await house.passes(GRACE)) == 1


@pytest.mark.parametrize("does", ["read", "write"])
async def test_d9_who_reads_or_answers_in_time_is_not_notified(house: House, does: str):
    talk = await house.talk()
    seq = await house.write(ANNA, talk)
    await (house.read(OLENA, talk, seq) if does == "read" else house.write(OLENA, talk))
    assert [parcel.kind for parcel in await house.passes(AGAIN)] == (["mail"] if does == "write" else [])
    assert [row.why for row in await house.rows() if row.side == "client"] == ["read"]


async def test_d9_a_specialist_who_reads_in_time_is_not_notified(house: House):
    talk = await house.talk()
    await house.write(OLENA, talk)
    await house.read(ANNA, talk, 1)
    await house.write(OLENA, talk)
    assert len(await house.passes(GRACE)) == 1


async def test_several_messages_within_the_grace_are_one_sms(house: House):
    talk = await house.talk()
    for _ in range(4):
        await house.write(ANNA, talk)
        assert await house.passes(5) == []
    assert len(await house.passes(GRACE)) == 1
    assert [row.seq for row in await house.rows()] == [4]


async def test_who_read_the_first_message_has_time_to_read_the_second(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    await house.passes(20)
    await house.read(OLENA, talk, 1)
    await house.write(ANNA, talk)
    assert await house.passes(20) == []
    assert len(await house.passes(12)) == 1


async def test_p9_after_two_ignored_notifications_the_talk_is_silent(house: House):
    talk, other = await house.talk(), await house.talk(by=BORIS)
    await ignored(house, talk, 2)
    assert await house.silence(OLENA, talk) == {"muted": False, "muted_by": None, "ignored": 2}
    for _ in range(3):
        await house.write(ANNA, talk)
        assert await house.passes(AGAIN) == []
    assert await house.silence(OLENA, talk) == {"muted": True, "muted_by": "ignored", "ignored": 2}
    assert await house.told() == ["NotificationsMuted"]
    # Only this talk: another one still tells.
    await house.write(BORIS, other)
    assert len(await house.passes(GRACE)) == 1
    # And the messages are all there.
    assert (await house.ask("GET", f"conversations/{talk}", OLENA)).json()["last_seq"] == 5


@pytest.mark.parametrize("does", ["read", "write"])
async def test_d9_reading_or_writing_makes_a_silent_talk_tell_again(house: House, does: str):
    talk = await house.talk()
    await ignored(house, talk, 2)
    last = await house.write(ANNA, talk)
    assert await house.passes(AGAIN) == []
    await (house.read(OLENA, talk, last) if does == "read" else house.write(OLENA, talk))
    assert await house.silence(OLENA, talk) == {"muted": False, "muted_by": None, "ignored": 0}
    assert await house.told() == ["NotificationsMuted", "NotificationsResumed"]
    await house.passes(GRACE)
    await ignored(house, talk, 2)
    await house.write(ANNA, talk)
    assert await house.passes(AGAIN) == []


async def test_d9_one_ignored_notification_is_forgotten_with_the_next_read(house: House):
    talk = await house.talk()
    for _ in range(4):
        await ignored(house, talk, 1)
        await house.read(OLENA, talk, (await house.rows())[-1].seq)
    assert await house.told() == []


async def test_d9_a_client_chooses_silence_and_ends_it(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    assert (await house.wishes(OLENA, talk, muted=True)).json() == {
        "muted": True, "muted_by": "choice", "ignored": 0,
    }  # fmt: skip
    assert await house.passes(AGAIN) == []
    await house.read(OLENA, talk, 1)
    await house.write(ANNA, talk)
    assert await house.passes(AGAIN) == []
    await house.wishes(OLENA, talk, muted=True)
    await house.wishes(OLENA, talk, muted=False)
    await house.wishes(OLENA, talk, muted=False)
    await house.write(ANNA, talk)
    assert len(await house.passes(GRACE)) == 1
    assert await house.told() == ["NotificationsMuted by choice", "NotificationsResumed"]


async def test_d9_a_client_ends_the_silence_that_came_by_itself(house: House):
    talk = await house.talk()
    await ignored(house, talk, 2)
    await house.write(ANNA, talk)
    await house.passes(AGAIN)
    assert (await house.wishes(OLENA, talk, muted=False)).json()["ignored"] == 0
    await ignored(house, talk, 2)


async def test_d9_a_specialist_may_choose_silence_for_themselves_alone(house: House):
    talk = await house.talk()
    await house.wishes(ANNA, talk, muted=True)
    await house.write(OLENA, talk)
    assert await house.passes(GRACE) == []
    await house.write(ANNA, talk)
    assert len(await house.passes(GRACE)) == 1
    assert (await house.silence(OLENA, talk))["muted"] is False


async def test_r14_nobody_else_learns_or_changes_who_is_told(house: House):
    talk = await house.talk()
    for stranger in (TARAS, BORIS, MARTA, HILL):
        assert (await house.ask("GET", f"conversations/{talk}/notifications", stranger)).status_code == 404
        assert (await house.wishes(stranger, talk, muted=True)).status_code == 404
    assert await house.attentions() == []


async def test_nobody_without_an_address_is_told_and_nothing_waits_for_them(house: House):
    talk = await house.talk(client=TARAS)
    await house.write(ANNA, talk)
    assert await house.passes(AGAIN) == []
    assert await house.rows() == []


async def test_a_client_without_a_phone_gets_the_link_by_mail(house: House):
    await house.reached(OLENA, phone=None, mail=MAIL)
    talk = await house.talk()
    await house.write(ANNA, talk)
    (mail,) = await house.passes(GRACE)
    assert (mail.kind, mail.to, mail.subject) == ("mail", MAIL, "New message")
    assert TOKEN.search(mail.text)


async def test_who_took_their_address_back_is_told_nothing_any_more(house: House):
    talk = await house.talk()
    await house.write(ANNA, talk)
    await house.ask("DELETE", "addresses/mine", OLENA)
    assert await house.passes(AGAIN) == []
    assert [row.why for row in await house.rows()] == ["no_address"]


async def test_who_lost_their_seat_is_not_told_of_what_they_cannot_read(house: House):
    talk = await house.talk()
    await house.write(OLENA, talk)
    await hear(house.service, released(talk))
    await house.write(OLENA, talk)
    assert await house.passes(AGAIN) == []
    assert [row.why for row in await house.rows()] == ["gone"]


async def test_an_ended_talk_sends_its_client_no_dead_link_but_its_clinic_the_last_words(house: House):
    talk = await house.clinics_talk()
    await house.write(HILL, talk)
    await house.write(OLENA, talk)
    async with house.service.database.session(EVERY_TENANT) as tx:
        await tx.execute(text("UPDATE conversations SET ended_at = now(), ended_by = 'client'"))
    assert [parcel.kind for parcel in await house.passes(AGAIN)] == ["mail"]
