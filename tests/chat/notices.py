"""A house whose hours pass as tests wish, with couriers that keep what they carry."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response
from sqlalchemy import select, text

from libs.bus.testing import outbox
from libs.events.chat import NotificationsMuted, NotificationsResumed
from libs.kit import clock
from libs.kit.couriers import DELIVERED, Couriers, Outcome, Parcel
from libs.kit.sql import EVERY_TENANT
from services.chat import jobs
from services.chat.commands import Desk
from services.chat.queries import BOOK
from services.chat.tables import AddressRow, AttentionRow, NotificationRow
from tests.canary import PHONE
from tests.chat.scenes import accepted, hear, say
from tests.people import ANNA, HILL, OLENA, THERAPY, Principal

LINK = "https://dovira.test/e/{token}"
MAIL = "somebody@example.test"
TOKEN = re.compile(r"https://dovira\.test/e/([\w-]+)")


@dataclass
class Pocket:
    """A courier: what it was given, in order; `answers` come before DELIVERED."""

    parcels: list[Parcel] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    dies: bool = False

    async def deliver(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        if self.dies:
            raise RuntimeError("the process that sent this is no more")
        return self.answers.pop(0) if self.answers else DELIVERED


@dataclass
class House:
    """The service, its two people, and the hour."""

    service: Any
    http: AsyncClient
    as_: Any
    pocket: Pocket = field(default_factory=Pocket)
    ahead: timedelta = timedelta(0)

    @contextmanager
    def time(self) -> Iterator[None]:
        with clock.at(clock.now() + self.ahead):
            yield

    @property
    def desk(self) -> Desk:
        return Desk(self.service.resources.vault.sealer, LINK, Couriers({"sms": self.pocket, "mail": self.pocket}))

    async def talk(self, *, by: Principal = ANNA, client: Principal = OLENA) -> UUID:
        event = accepted(by=by, client=client)
        await hear(self.service, event)
        return event.request_id

    async def clinics_talk(self) -> UUID:
        """A talk with a clinic in the other seat."""
        talk = await self.talk()
        async with self.service.database.session(EVERY_TENANT) as tx:
            await tx.execute(
                text("UPDATE conversations SET counterpart_side = 'clinic', counterpart_id = :hill WHERE id = :talk"),
                {"hill": HILL.id, "talk": talk},
            )
        return talk

    async def reached(self, who: Principal, **address: Any) -> Response:
        """Somebody says where they want to be told."""
        given = {"phone": PHONE, "locale": "en"} if who == OLENA else {"mail": MAIL, "locale": "en"}
        return await self.ask("PUT", "addresses/mine", who, json=given | address)

    async def ask(self, method: str, path: str, who: Principal | None, **options: Any) -> Response:
        with self.time():
            headers = self.as_(who) if who else {}
            return await self.http.request(method, path, headers=options.pop("headers", headers), **options)

    async def write(self, who: Principal, talk: UUID, words: str = "Hello") -> int:
        with self.time():
            answer = await say(self.http, self.as_(who), talk, words)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["seq"])

    async def read(self, who: Principal, talk: UUID, seq: int) -> None:
        answer = await self.ask("PUT", f"conversations/{talk}/read-position", who, json={"seq": seq})
        assert answer.status_code == 200, answer.text

    async def passes(self, seconds: float) -> list[Parcel]:
        """Time goes on, and people are told of what is due; what they were told of."""
        self.ahead += timedelta(seconds=seconds)
        before = len(self.pocket.parcels)
        with self.time():
            await jobs.tell_people(self.service.database, self.desk)
            await jobs.tell_people(self.service.database, self.desk)
        return self.pocket.parcels[before:]

    async def silence(self, who: Principal, talk: UUID) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("GET", f"conversations/{talk}/notifications", who)).json()
        return found

    async def wishes(self, who: Principal, talk: UUID, *, muted: bool) -> Response:
        return await self.ask("PUT", f"conversations/{talk}/notifications", who, json={"muted": muted})

    async def rules(self, **changes: Any) -> None:
        """Other numbers bind this house."""
        async with self.service.database.session(THERAPY) as tx:
            await BOOK.change(tx, {"notifications": changes}, tenant=THERAPY, by=ANNA.id, now=clock.now())

    async def sealed_by_nobody(self, who: Principal) -> None:
        """The key of somebody's address is lost."""
        async with self.service.database.session(EVERY_TENANT) as tx:
            row = await tx.get_one(AddressRow, (who.tenant, who.id))
            row.phone = b"?" * 40

    async def forgets(self, *, days: int) -> None:
        """Time goes on, and what is old is let go of."""
        self.ahead += timedelta(days=days)
        with self.time():
            await jobs.forget_told(self.service.database, clock.now())

    async def rows(self) -> list[NotificationRow]:
        async with self.service.database.session(EVERY_TENANT) as tx:
            return list((await tx.scalars(select(NotificationRow).order_by(NotificationRow.seq))).all())

    async def attentions(self) -> list[AttentionRow]:
        async with self.service.database.session(EVERY_TENANT) as tx:
            return list((await tx.scalars(select(AttentionRow))).all())

    async def told(self) -> list[str]:
        """What the world heard of who is told."""
        events = [envelope.data for envelope in await outbox(self.service.database.engine)]
        return [
            type(event).__name__ + (" by choice" if getattr(event, "by_choice", False) else "")
            for event in events
            if isinstance(event, NotificationsMuted | NotificationsResumed)
        ]


def token_in(parcel: Parcel) -> str:
    """The token of the link in a text."""
    found = TOKEN.search(parcel.text)
    assert found, "there is no link in it"
    return found.group(1)
