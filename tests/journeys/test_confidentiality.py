"""What people confide, in every way there is to confide it, and then every byte that the platform has written down."""

import base64
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from PIL import Image
from prometheus_client import generate_latest

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.partners import ReviewLeft
from libs.kit.sealing import Sealer, Unsealable
from libs.kit.settings import PlatformSettings
from libs.kit.sql import dsn_of
from tests.canary import CANARIES, PHONE, WORDS
from tests.chat.sockets import Device, wired
from tests.journeys.conftest import Call
from tests.people import ANNA, HILL, MARTA, OLENA, OMAR, SOFIA, THERAPY, Principal

SECRETS = {
    "text": "Щеглик-7731 каже", "live": "Снігур-4412 шепоче", "name": "Одуд Сорокопудович",
    "mail": "vivsianka-5@example.org", "picture": "GPS-Kropyvnytskyi-9983",
    "question": "Чому горобець-6620 мовчить?", "greeting": "Припутень-3359 вітає",
}  # fmt: skip
LOGIN = "Kanarka_7731"
# To be sure that the search finds what is there, this is written down on purpose.
CONTROL = "контроль-Сойка-2208"
STAFF = tuple(
    Principal(UUID(int=900 + n), THERAPY, role, frozenset({role}))
    for n, role in enumerate(("support", "supervisor", "clinician", "analyst", "ops", "partner"))
)


def forms(words: str) -> Iterator[bytes]:
    """The bytes under which words may lie about: plain, UTF-16, hex, JSON, base64 at each of its offsets."""
    raw = words.encode()
    yield from (raw, words.encode("utf-16-le"), raw.hex().encode(), json.dumps(words)[1:-1].encode())
    for shift in range(3):
        whole = base64.b64encode(b"\x00" * shift + raw)
        yield whole[4:-4] if shift else whole[:-4]


def found_in(place: Path, wanted: dict[str, str]) -> dict[str, set[str]]:
    """Which of these words are in which files under a place."""
    needles = [(name, form) for name, words in wanted.items() for form in forms(words) if len(form) > 6]
    found: dict[str, set[str]] = {}
    for file in (each for each in place.rglob("*") if each.is_file()):
        data = file.read_bytes().rstrip(b"\x00") + b"\x00"  # most of a log's index is nothing, kept for later
        for name, needle in needles:
            if needle in data:
                found.setdefault(name, set()).add(str(file.relative_to(place)))
    return found


def picture() -> bytes:
    """A small photograph that says where it was taken."""
    drawn, exif = Image.new("RGB", (40, 30), "teal"), Image.Exif()
    exif[0x010E] = SECRETS["picture"]
    made = io.BytesIO()
    drawn.save(made, "PNG", exif=exif)
    return made.getvalue()


class Confidants:
    """Olena and whoever she talks with, doing everything that holds words of theirs."""

    def __init__(self, call: Call) -> None:
        self.call = call

    async def done(self, who: Principal, method: str, path: str, *, status: int = 201, **options: Any) -> Any:
        answer = await self.call(who, method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def won(self, winner: Principal) -> str:
        """A request with a phone, and whoever won it."""
        body = {
            "kind": "phone", "category": "grief", "locale": "uk", "phone": PHONE, "messenger": "viber",
            "may_call": True,
        }  # fmt: skip
        request: str = (await self.done(OLENA, "POST", "/intake/v1/requests", json=body))["id"]
        await self.done(winner, "POST", f"/intake/v1/requests/{request}/acceptance")
        await self.call.at_rest()
        return request

    async def talk(self, talk: str, other: Principal) -> None:
        """Texts, live and not; some are refused, and the other side reads them all."""
        path = f"/chat/v1/conversations/{talk}"
        for words in (SECRETS["text"], WORDS, SECRETS["text"] * 100):
            message = {"body": words, "client_message_id": str(uuid7())}
            await self.done(OLENA, "POST", f"{path}/messages", json=message)
        for wrong in (SECRETS["text"] + "\x00", SECRETS["text"] * 400):
            message = {"body": wrong, "client_message_id": str(uuid7())}
            refused = await self.call(OLENA, "POST", f"{path}/messages", json=message)
            assert refused.status_code == 422
            assert SECRETS["text"] not in refused.text
        await self._live(talk, other)
        read = await self.done(other, "GET", f"{path}/messages", status=200)
        assert SECRETS["text"] in {item["body"] for item in read["items"]}

    async def _live(self, talk: str, other: Principal) -> None:
        path = f"/chat/v1/conversations/{talk}"
        ticket = (await self.done(other, "POST", f"{path}/live-tickets"))["ticket"]
        url = str(self.call._http.base_url).rstrip("/") + "/chat"
        async with wired(url, UUID(talk)) as device:
            await device.tell(type="hello", ticket=ticket)
            await self._say(device)

    async def _say(self, device: Device) -> None:
        await device.next("welcome")
        await device.say(SECRETS["live"])
        await device.next("sent")
        await device.raw(SECRETS["live"])
        assert SECRETS["live"] not in json.dumps(await device.next("refused"), ensure_ascii=False)

    async def reachable(self, talk: str, other: Principal) -> None:
        """Addresses of both, contact cards, a picture, a template filled in."""
        policy = {"changes": {"contacts": {"off_platform": "allow"}}}
        await self.done(OMAR, "POST", "/chat/v1/policies", json=policy)
        address = {"phone": PHONE, "mail": SECRETS["mail"], "locale": "uk"}
        for who in (OLENA, other):
            await self.done(who, "PUT", "/chat/v1/addresses/mine", status=200, json=address)
        path = f"/chat/v1/conversations/{talk}"
        for card in ({"kind": "telegram", "login": LOGIN}, {"kind": "phone", "login": PHONE}):
            told = card | {"client_message_id": str(uuid7())}
            await self.done(other, "POST", f"{path}/contact-cards", json=told)
        kind = {"Content-Type": "image/png"}
        uploaded = await self.done(OLENA, "POST", f"{path}/attachments", content=picture(), headers=kind)
        message = {"body": WORDS, "client_message_id": str(uuid7()), "attachments": [uploaded["id"]]}
        await self.done(OLENA, "POST", f"{path}/messages", json=message)
        shown = await self.call(other, "GET", f"/chat/v1/attachments/{uploaded['id']}")
        assert shown.status_code == 200
        assert SECRETS["picture"].encode() not in shown.content
        (greeting,) = (
            each
            for each in (await self.done(other, "GET", "/chat/v1/templates?locale=uk", status=200))
            if each["purpose"] == "greeting"
        )
        filled = {"variables": dict.fromkeys(greeting["asked"], SECRETS["name"])}
        await self.done(other, "POST", f"/chat/v1/templates/{greeting['id']}/rendering", status=200, json=filled)

    async def evidence(self, talk: str) -> None:
        """An excerpt with words hidden, verified by support; somebody's forgery of it, refused."""
        shown = await self.done(
            OLENA, "POST", f"/chat/v1/conversations/{talk}/excerpts",
            json={"messages": [{"seq": 1, "hidden_words": [1]}]},
        )  # fmt: skip
        verdict = await self.done(
            MARTA, "POST", "/chat/v1/excerpt-verifications", status=200, json={"items": shown["items"]}
        )
        assert verdict["items"][0]["genuine"] is True
        assert SECRETS["text"].split()[1] not in json.dumps([shown, verdict], ensure_ascii=False)

    async def about_a_review(self) -> None:
        """A clinic writes to the author of a review, in the name of somebody."""
        review = ReviewLeft(
            tenant=THERAPY, at=datetime.now(UTC), review_id=uuid7(), specialist_id=ANNA.id, stars=1, version=1,  # noqa: TID251 - a person's watch
            client_id=OLENA.id, clinic_id=HILL.id,
        )  # fmt: skip
        async with self.call.everything.running["intake"].database.session(THERAPY) as tx:
            await publish(tx, review)
        await self.call.at_rest()
        who = {"name": SECRETS["name"], "position": "Head", "organisation": "Hill"}
        await self.done(HILL, "PUT", "/chat/v1/representatives/mine", status=200, json=who)
        told = {
            "review_id": str(review.review_id), "purpose": "solve", "understood": True, "greeting": SECRETS["greeting"],
        }  # fmt: skip
        await self.done(HILL, "POST", "/chat/v1/conversations", json=told)

    async def order(self, specialist: Principal) -> None:
        """A question that somebody pays to have answered."""
        price = {"currency": "UAH", "least": 100, "most": 200}
        await self.done(
            specialist, "PUT", "/intake/v1/service-kinds/planned_recording", status=200, json={"price": price}
        )
        asked = {
            "specialist_id": str(specialist.id), "kind": "planned_recording", "terms_version": 1,
            "questions": [SECRETS["question"]],
        }  # fmt: skip
        await self.done(OLENA, "POST", "/intake/v1/orders", json=asked)


@pytest_asyncio.fixture
async def told(call: Call) -> str:
    """Everything was confided; the conversation in which most of it was."""
    confidants = Confidants(call)
    (winner,) = await call.joined(1)
    talk = await confidants.won(winner)
    await confidants.talk(talk, winner)
    await confidants.reachable(talk, winner)
    await confidants.evidence(talk)
    await confidants.about_a_review()
    await confidants.order(winner)
    await call.at_rest()
    return talk


async def test_r14_nothing_confided_is_in_any_file_answer_or_metric(
    call: Call, told: str, settings: PlatformSettings, request: pytest.FixtureRequest, tmp_path: Path
):
    """Not of the database cluster with its write-ahead log, not of Kafka, not of the object store."""
    wanted = SECRETS | {"phone": PHONE, "login": LOGIN, "words": WORDS, "control": CONTROL}
    wanted |= {f"canary {n}": canary for n, canary in enumerate(CANARIES)}
    chat = call.everything.running["chat"]
    async with chat.database.session("*") as tx:
        await tx.execute(_control(), {"id": uuid7(), "words": CONTROL.encode()})
    await _on_disk(str(chat.database.url))
    run_dir = Path(settings.run_dir)
    everything = tmp_path / "copied"
    # What lies in the local outbox is on its way to its reader, whose phone or mail is on the envelope.
    shutil.copytree(run_dir, everything, ignore=shutil.ignore_patterns("outbox", ".s.PGSQL*", "*.sock"))
    assert set(found_in(everything, wanted)) == {"control"}, found_in(everything, wanted)
    if settings.kafka_bootstrap:
        kafka = request.getfixturevalue("kafka_files")
        assert found_in(kafka, wanted | {"said": told}).keys() == {"said"}
    told_by_metrics = generate_latest().decode()
    assert not [words for words in wanted.values() if words in told_by_metrics]
    assert await _read_by_staff(call, told) == []


async def test_r14_who_steals_the_database_without_the_keys_reads_nothing(call: Call, told: str):
    """Not even with the platform's own code and a secret of their own."""
    chat = call.everything.running["chat"]
    stolen = await asyncpg.connect(dsn_of(str(chat.keys_url)))
    wrapped = await stolen.fetchval("SELECT wrapped FROM keys WHERE owner = $1", UUID(told))
    await stolen.close()
    with pytest.raises(Unsealable):
        Sealer(["a secret of the thief's own, long enough"]).open(wrapped, to=f"key of {told}")
    async with chat.database.session("*", read_only=True) as tx:
        bodies = (await tx.execute(_bodies(), {"talk": UUID(told)})).scalars().all()
    assert len(bodies) >= 6
    assert not [body for body in bodies for words in SECRETS.values() if any(form in body for form in forms(words))]


def _control() -> Any:
    from sqlalchemy import text  # noqa: PLC0415 - the two statements of this file

    return text("INSERT INTO inbox (subscriber, event_id) VALUES (convert_from(:words, 'UTF8'), :id)")


def _bodies() -> Any:
    from sqlalchemy import text  # noqa: PLC0415 - as above

    return text("SELECT body FROM messages WHERE conversation_id = :talk")


async def _on_disk(url: str) -> None:
    """Let PostgreSQL write down what it still has in memory."""
    admin = await asyncpg.connect(dsn_of(url).replace("dovira_chat", "app", 1).replace("/dovira_chat", "/postgres"))
    await admin.execute("CHECKPOINT")
    await admin.close()


async def _read_by_staff(call: Call, talk: str) -> list[str]:
    """Whatever anybody of the house can ask for: where an answer has a word of what was confided."""
    heard = []
    for name, running in call.everything.running.items():
        for path, methods in running.app.openapi()["paths"].items():
            if "get" not in methods or path == "/v1/feed":
                continue
            at = f"/{name}{path}".replace("{conversation_id}", talk).replace("{request_id}", talk)
            for who in (*STAFF, replace(SOFIA, id=OLENA.id)):
                answer = await call(who, "GET", at.format_map(_Ids()))
                heard += [f"{who.role} {at}" for words in SECRETS.values() if words in answer.text]
    return heard


class _Ids(dict[str, str]):
    """An id for whatever a path wants one of."""

    def __missing__(self, name: str) -> str:
        return "1" if name in {"number", "n"} else str(ANNA.id)
