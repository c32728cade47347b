"""A month of stories, the same for the same seed: who asked, who came first, what was said, what became of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from demo.phrases import PHRASES
from libs.events.chat import Side
from libs.events.intake import Category, Kind, Locale
from libs.events.support import Ground
from libs.kit.auth import Principal
from libs.kit.personas import ANNA, BORIS, OLENA, TARAS

SEED = 20260301
DAYS = 30
CLIENTS = 80
REST = timedelta(minutes=21)  # longer than any cooldown of the house rules, so that every accept of a story can win
ROUNDS = (2, 2, 3, 3, 4, 5)  # how many requests a client leaves in the month
CATEGORIES: tuple[Category, ...] = ("anxiety", "burnout", "couple", "family", "grief", "panic", "trauma", "other")
GROUNDS: tuple[Ground, ...] = ("spam", "platform_test", "gibberish", "certificate_request")


class House(NamedTuple):
    """A tenant of the demo world."""

    name: str
    share: float
    locales: tuple[Locale, ...]
    specialists: tuple[str, ...]


HOUSES = (
    House("therapy", 0.40, ("uk", "uk", "en"), ("Анна", "Борис", "Ірина", "Максим")),
    House("clinics", 0.15, ("ru", "en"), ("Ольга", "Пётр")),
    House("firstline", 0.25, ("ru",), ("Лидия", "Семён", "Вера")),
    House("atelier", 0.05, ("ru", "uk"), ("Марина",)),
    House("care", 0.15, ("bg", "en"), ("Елена", "Иван")),
)


class Line(NamedTuple):
    """Something one side wrote."""

    at: datetime
    side: Side
    text: str


class Meeting(NamedTuple):
    """A session, and what became of it."""

    starts_at: datetime
    outcome: Literal["held", "void"]


class Plea(NamedTuple):
    """A specialist asks support to strike the request; what support made of it."""

    at: datetime
    ground: Ground
    verdict: Literal["excluded", "reinstated", "denied", "open"]


@dataclass(frozen=True)
class Story:
    """One request, from the client's submit to its end."""

    number: int
    client: Principal
    specialist: Principal | None
    locale: Locale
    kind: Kind
    category: Category
    one_off: bool
    phone: str | None
    opened_at: datetime
    accepted_at: datetime | None
    lines: tuple[Line, ...]
    meetings: tuple[Meeting, ...]
    plea: Plea | None


def person(group: int, number: int, role: str, tenant: str) -> Principal:
    """Somebody of the demo world, always under the same id."""
    return Principal(UUID(f"01900000-0000-7000-{0x9000 + group:04x}-{number:012d}"), tenant, role, frozenset({role}))


def specialists() -> dict[str, list[tuple[Principal, str]]]:
    """Twelve specialists with their names, by house; two of them are the personas of the tests."""
    known = {"Анна": ANNA, "Борис": BORIS}
    return {
        house.name: [
            (known.get(name) or person(at, n, "specialist", house.name), name)
            for n, name in enumerate(house.specialists, start=1)
        ]
        for at, house in enumerate(HOUSES)
    }


def agent(tenant: str) -> Principal:
    """The one who decides in a house."""
    return person(15, [house.name for house in HOUSES].index(tenant) + 1, "support", tenant)


def month_before(now: datetime) -> datetime:
    """Where the demo month begins: as many days before this one's first as it has."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first - timedelta(days=DAYS)


def stories(begins: datetime, seed: int = SEED) -> list[Story]:
    """The whole month, in the order in which requests were opened."""
    chance = random.Random(seed)
    opened = sorted(_openings(begins, chance), key=lambda each: each[0])
    free = {each.id: begins for staff in specialists().values() for each, _ in staff}
    return [_story(number, opening, free, chance) for number, opening in enumerate(opened, 1)]


def _openings(begins: datetime, chance: random.Random) -> Iterator[tuple[datetime, Principal, House]]:
    known = [OLENA, TARAS]
    for number in range(CLIENTS):
        house = HOUSES[0] if number < len(known) else chance.choices(HOUSES, [each.share for each in HOUSES])[0]
        client = known[number] if number < len(known) else person(14, number, "client", house.name)
        for _ in range(chance.choice(ROUNDS)):
            hour = chance.choices(range(24), [2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 9, 10, 9, 6, 4])[
                0
            ]
            yield (
                begins + timedelta(days=chance.randrange(DAYS), hours=hour, seconds=chance.randrange(3600)),
                client,
                house,
            )


def _story(
    number: int, opening: tuple[datetime, Principal, House], free: dict[UUID, datetime], chance: random.Random
) -> Story:
    at, client, house = opening
    staff = specialists()[house.name]
    accepted_at = at + timedelta(seconds=chance.uniform(2, 25))
    ready = [each for each in staff if free[each[0].id] <= accepted_at]
    specialist, name = chance.choice(ready) if ready else (None, "")
    if specialist:
        free[specialist.id] = accepted_at + REST
    spam, locale = chance.random() < 0.08, chance.choice(house.locales)
    kind: Kind = "phone" if chance.random() < 0.25 else "chat"
    lines = tuple(_talk(accepted_at, locale, name, chance, spam=spam)) if specialist else ()
    meetings = tuple(_meetings(accepted_at, chance)) if specialist and not spam and chance.random() < 0.42 else ()
    return Story(
        number=number, client=client, specialist=specialist, locale=locale, kind=kind,
        category=chance.choice(CATEGORIES), one_off=chance.random() < 0.1,
        phone=f"+38067{number:07d}" if kind == "phone" else None, opened_at=at,
        accepted_at=accepted_at if specialist else None, lines=lines, meetings=meetings,
        plea=_plea(accepted_at, chance, spam=spam, lost=not meetings) if specialist else None,
    )  # fmt: skip


def _talk(accepted_at: datetime, locale: Locale, name: str, chance: random.Random, *, spam: bool) -> Iterator[Line]:
    words, at = PHRASES[locale], accepted_at + timedelta(seconds=chance.uniform(3, 40))
    yield Line(at, "specialist", chance.choice(words.greeting).format(name=name))
    yield Line(at := at + timedelta(seconds=50), "client", chance.choice(words.spam if spam else words.opening))
    for _ in range(0 if spam else chance.randrange(2, 7)):
        for side, said in (("specialist", words.specialist), ("client", words.client)):
            at += timedelta(seconds=chance.uniform(20, 240))
            yield Line(at, "client" if side == "client" else "specialist", chance.choice(said))


def _meetings(accepted_at: datetime, chance: random.Random) -> Iterator[Meeting]:
    at = accepted_at + timedelta(days=chance.uniform(0.2, 5))
    for n in range(chance.choice((1, 1, 2, 3, 4))):
        yield Meeting(at, "void" if n == 0 and chance.random() < 0.06 else "held")
        at += timedelta(days=chance.uniform(2, 7))


def _plea(accepted_at: datetime, chance: random.Random, *, spam: bool, lost: bool) -> Plea | None:
    at = accepted_at + timedelta(hours=chance.uniform(1, 60))
    if spam and chance.random() < 0.7:
        return Plea(at, chance.choice(GROUNDS), chance.choice(("excluded", "excluded", "reinstated", "open")))
    if lost and chance.random() < 0.03:
        return Plea(at, "accidental", "denied")
    return None
