"""Couriers: one contract for all of them, and what each owes beyond it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.responses import RedirectResponse, Response, StreamingResponse

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.couriers import (
    DELIVERED,
    Courier,
    CourierSettings,
    LocalOutbox,
    Parcel,
    ParcelMalformed,
    Smtp,
    hired,
)
from libs.kit.settings import PlatformSettings
from tests.canary import PHONE
from tests.kit.couriers import Exchange, Mailbox, certificates, mailbox

SECRET = "the gateway knows us by this"
TEXT = "Для вас є нове повідомлення: https://dovira.test/e/token"
FROM = "Notice <notice@dovira.test>"


def a_parcel(kind: Any = "sms", *, text: str = TEXT) -> Parcel:
    to = PHONE.replace(" ", "") if kind == "sms" else "olena@example.test"
    return Parcel(uuid7(), kind, to, text, subject="" if kind == "sms" else "Нове повідомлення")


class Way(NamedTuple):
    """A courier, and what has arrived at its end, by parcel."""

    courier: Courier
    kind: Any
    arrived: Callable[[], dict[str, str]]


def an_smtp(port: int, **changes: Any) -> Smtp:
    given = {
        "sender": FROM, "security": "none", "user": None, "password": None, "ca_file": None, "within": 5.0,
    }  # fmt: skip
    return Smtp(changes.pop("host", "127.0.0.1"), port, **(given | changes))


@asynccontextmanager
async def gateway(url: str, **changes: Any) -> AsyncIterator[Courier]:
    settings = CourierSettings(sms_url=f"{url}/sms", sms_secret=changes.pop("secret", SECRET), **changes)
    async with hired(settings, PlatformSettings(env="test")) as couriers:
        yield couriers.by_kind["sms"]


@pytest.fixture
async def exchange() -> Exchange:
    return Exchange(SECRET)


@pytest.fixture(params=["outbox", "smtp", "gateway"])
async def way(request: Any, tmp_path: Path, exchange: Exchange, serve: Any) -> AsyncIterator[Way]:
    """Each way there is out of the house."""
    async with AsyncExitStack() as opened:
        if request.param == "outbox":
            yield Way(LocalOutbox(tmp_path / "outbox"), "sms", lambda: _files(tmp_path / "outbox"))
        elif request.param == "smtp":
            box = Mailbox()
            port = await opened.enter_async_context(mailbox(box))
            yield Way(an_smtp(port), "mail", lambda: {_id(letter): _text(letter) for letter in box.letters})
        else:
            courier = await opened.enter_async_context(gateway(await serve(exchange.app)))
            yield Way(courier, "sms", lambda: {key: sms["text"] for key, sms in exchange.shown.items()})


def _files(folder: Path) -> dict[str, str]:
    return {file.stem: file.read_text().partition("\n\n")[2].strip() for file in folder.iterdir()}


def _id(letter: Any) -> str:
    return str(letter["Message-ID"]).strip("<>").partition("@")[0]


def _text(letter: Any) -> str:
    return str(letter.get_content()).strip()


async def test_a_parcel_arrives_word_for_word(way: Way) -> None:
    parcel = a_parcel(way.kind)
    assert await way.courier.deliver(parcel) == DELIVERED
    assert way.arrived() == {str(parcel.id): TEXT}


async def test_a_repeat_shows_the_addressee_one_parcel(way: Way) -> None:
    parcel = a_parcel(way.kind)
    outcomes = await asyncio.gather(*(way.courier.deliver(parcel) for _ in range(5)))
    assert outcomes == [DELIVERED] * 5
    assert way.arrived().keys() == {str(parcel.id)}


async def test_parcels_beside_one_another_do_not_mix(way: Way) -> None:
    parcels = [a_parcel(way.kind, text=f"Number {number}") for number in range(10)]
    assert {each.kind for each in await asyncio.gather(*map(way.courier.deliver, parcels))} == {"delivered"}
    assert way.arrived() == {str(parcel.id): parcel.text for parcel in parcels}


@pytest.mark.parametrize("words", ["a@b.test\nBcc: c@d.test", "a@b.test\r\n", "\x00", "", "x" * 400, "a\u2028b"])
def test_an_address_that_is_no_line_is_no_parcel(words: str) -> None:
    with pytest.raises(ParcelMalformed) as refusal:
        Parcel(uuid7(), "mail", words, "Hello")
    assert not words or words not in str(refusal.value)
    with pytest.raises(ParcelMalformed):
        Parcel(uuid7(), "mail", "a@b.test", words * 20 if words.startswith("x") else "")


def test_a_parcel_shows_nobody_whom_it_is_for() -> None:
    assert "447654321" not in repr(a_parcel())
    assert TEXT not in repr(a_parcel())


async def test_a_file_of_the_outbox_is_for_its_owner_alone(tmp_path: Path) -> None:
    await LocalOutbox(tmp_path / "outbox").deliver(a_parcel("mail"))
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o77 == 0
    assert "To: olena@example.test\nSubject: Нове повідомлення\n" in file.read_text()


async def test_a_repeat_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    courier, parcel = LocalOutbox(tmp_path), a_parcel()
    await courier.deliver(parcel)
    (file,) = tmp_path.iterdir()  # noqa: ASYNC240 - a file of the test
    before = file.stat().st_ino, file.stat().st_mtime_ns, file.read_text()
    await courier.deliver(Parcel(parcel.id, "sms", parcel.to, "Other words"))
    assert (file.stat().st_ino, file.stat().st_mtime_ns, file.read_text()) == before


async def test_a_disk_that_takes_nothing_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("libs.kit.couriers.outbox.os.fsync", full)
    assert (await LocalOutbox(tmp_path).deliver(a_parcel())).kind == "later"
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a file of the test


@pytest.mark.parametrize(
    ("says", "kind", "why"),
    [
        ({"RCPT": "550 no such user"}, "refused", "smtp_550"),
        ({"RCPT": "451 greylisted"}, "later", "smtp_451"),
        ({"TAKEN": "554 spam"}, "refused", "smtp_554"),
        ({"TAKEN": "452 full"}, "later", "smtp_452"),
        ({"MAIL": "550 not from you"}, "later", "smtp_550"),
        ({"GREETING": "421 busy"}, "later", "smtp_421"),
        ({"GREETING": "554 go away"}, "later", "smtp_554"),
    ],
)
async def test_what_a_mail_server_says_is_about_the_parcel_or_about_us(says: Any, kind: str, why: str) -> None:
    async with mailbox(Mailbox(says=says)) as port:
        outcome = await an_smtp(port).deliver(a_parcel("mail"))
    assert (outcome.kind, outcome.why) == (kind, why)


async def test_a_wrong_password_is_not_the_parcels_fault() -> None:
    async with mailbox(Mailbox(says={"AUTH": "535 who are you"})) as port:
        outcome = await an_smtp(port, user="us", password="wrong").deliver(a_parcel("mail"))
    assert (outcome.kind, outcome.why) == ("later", "smtp_535")


async def test_mail_that_was_cut_off_comes_again_as_the_same_letter() -> None:
    box, parcel = Mailbox(cuts_after_data=True), a_parcel("mail")
    async with mailbox(box) as port:
        assert (await an_smtp(port).deliver(parcel)).kind == "later"
        box.cuts_after_data = False
        assert await an_smtp(port).deliver(parcel) == DELIVERED
    assert [str(letter["Message-ID"]) for letter in box.letters] == [f"<{parcel.id}@dovira.test>"] * 2
    assert {str(letter["Auto-Submitted"]) for letter in box.letters} == {"auto-generated"}


async def test_a_mail_server_that_says_nothing_is_given_up_in_time() -> None:
    async with mailbox(Mailbox(silent=True)) as port, asyncio.timeout(60):
        assert (await an_smtp(port, within=0.3).deliver(a_parcel("mail"))).why == "smtp_away"


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_travels_under_tls(security: str, tmp_path: Path) -> None:
    server, known = certificates(tmp_path)
    box = Mailbox(tls=server)
    async with mailbox(box, tls=server if security == "tls" else None) as port:
        ours = an_smtp(port, host="localhost", security=security, ca_file=str(known), user="us", password="word")
        assert await ours.deliver(a_parcel("mail")) == DELIVERED
        assert len(box.letters) == 1
        assert box.secured == (security == "starttls")
        stranger = an_smtp(port, host="localhost", security=security)
        assert (await stranger.deliver(a_parcel("mail"))).kind == "later"
    assert len(box.letters) == 1


async def test_without_the_tls_that_was_asked_for_nothing_is_said() -> None:
    box = Mailbox()
    async with mailbox(box) as port:
        courier = an_smtp(port, security="starttls", user="us", password="word")
        assert (await courier.deliver(a_parcel("mail"))).kind == "later"
    assert set(box.commands) <= {"EHLO", "QUIT", "RSET"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "delivered"), (202, "delivered"), (400, "refused"), (422, "refused"), (410, "refused"),
        (401, "later"), (403, "later"), (404, "later"), (409, "later"), (429, "later"), (500, "later"), (503, "later"),
    ],
)  # fmt: skip
async def test_what_a_gateway_answers_is_about_the_parcel_or_about_today(
    status: int, kind: str, exchange: Exchange, serve: Any
) -> None:
    exchange.answers = [Response(PHONE, status)]
    async with gateway(await serve(exchange.app)) as courier:
        outcome = await courier.deliver(a_parcel())
    assert outcome.kind == kind
    assert "765" not in outcome.why


async def test_a_gateway_may_say_when_to_come_back(exchange: Exchange, serve: Any) -> None:
    in_an_hour = format_datetime(clock.now() + timedelta(hours=1), usegmt=False)
    asked = ["120", in_an_hour, "soon", "9" * 40, "-5", "864000", "", "Mon, 99 Foo"]
    exchange.answers = [Response(status_code=503, headers={"Retry-After": words}) for words in asked]
    async with gateway(await serve(exchange.app)) as courier:
        waits = [(await courier.deliver(a_parcel())).after for _ in asked]
    assert waits[0] == timedelta(minutes=2)
    assert waits[1] is not None
    assert timedelta(minutes=59) < waits[1] <= timedelta(hours=1)
    assert waits[2:] == [None, None, None, timedelta(hours=6), None, None]


async def test_a_redirect_is_not_followed(exchange: Exchange, serve: Any) -> None:
    url = await serve(exchange.app)
    exchange.answers = [RedirectResponse(f"{url}/else", 307)]
    async with gateway(url) as courier:
        assert (await courier.deliver(a_parcel())).why == "http_307"
    assert len(exchange.asked) == 1


async def test_an_answer_without_an_end_is_not_read_to_the_end(exchange: Exchange, serve: Any) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 8192
            await asyncio.sleep(0)

    exchange.answers = [StreamingResponse(endless(), 200)]
    async with gateway(await serve(exchange.app)) as courier, asyncio.timeout(60):
        assert await courier.deliver(a_parcel()) == DELIVERED
    assert read < 2000


async def test_a_gateway_that_drips_is_given_up_in_time(exchange: Exchange, serve: Any) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.1)

    exchange.answers = [StreamingResponse(drip(), 200)]
    async with gateway(await serve(exchange.app), within=0.5) as courier, asyncio.timeout(60):
        assert (await courier.deliver(a_parcel())).why == "http_away"


async def test_an_sms_that_was_taken_without_an_answer_is_shown_once(exchange: Exchange, serve: Any) -> None:
    parcel, exchange.stalls, url = a_parcel(), 1.0, await serve(exchange.app)
    async with gateway(url, within=0.3) as hasty:
        while not exchange.asked:
            assert (await hasty.deliver(parcel)).kind == "later"
    exchange.stalls = 0
    async with gateway(url) as courier:
        assert await courier.deliver(parcel) == DELIVERED
    assert len(exchange.asked) >= 2
    assert set(exchange.asked) == {str(parcel.id)}
    assert list(exchange.shown) == [str(parcel.id)]


async def test_nobody_at_the_address_means_later() -> None:
    async with gateway("http://127.0.0.1:9") as courier:
        assert (await courier.deliver(a_parcel())).kind == "later"


def test_tls_is_checked_by_default() -> None:
    context = an_smtp(1, security="tls")._tls
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
