"""What happens around the month's conversations: who looked, who paid, who came back, and what they thought of it.

The front end and the reviews of a partner have no service here yet; the demo plays them, and says what they would say
on the bus, through an outbox like everything else. What is intake's business is done by intake's own commands.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from demo.world import DAYS, SEED, Story, specialists
from libs.events import Event
from libs.events.chat import ProblemSolved
from libs.events.partners import ProfileViewsCounted, ReviewLeft
from libs.kit.auth import Principal

WORLD = UUID("01900000-0000-7000-8000-0000000dea00")
STARS = (5, 5, 5, 5, 4, 4, 3, 2, 1)
VIEWS_A_DAY = {"site": (6, 30), "app": (2, 12)}


class Deed(NamedTuple):
    """Something that one side of a request does beside talking: reach, withdraw, pay for the n-th session, refuse."""

    at: datetime
    what: Literal["reach", "withdraw", "pay", "refuse"]
    number: int = 0


class LatePress(NamedTuple):
    """Somebody else presses Accept, and is not the first."""

    at: datetime
    specialist_id: UUID


def late_presses(story: Story) -> list[LatePress]:
    """Who of the house pressed on the same request a moment later; the same for the same story."""
    if story.specialist is None or story.accepted_at is None:
        return []
    chance = random.Random(f"{SEED} late {story.number}")
    others = [each.id for each, _ in specialists()[story.client.tenant] if each != story.specialist]
    waits = sorted(chance.uniform(0.05, 9) for _ in others)
    late = [
        LatePress(story.accepted_at + timedelta(seconds=wait), who) for wait, who in zip(waits, others, strict=True)
    ]
    return [each for each in late if chance.random() < 0.3]


def deeds(story: Story) -> list[Deed]:
    """What the two sides of a story do, in order; the same for the same story."""
    chance = random.Random(f"{SEED} {story.number}")
    return sorted(_deeds(story, chance))


def facts(month: list[Story], begins: datetime, until: datetime) -> list[Event]:
    """Everything that others say until now, in the order in which it happened; the same for the same month."""
    chance = random.Random(SEED)
    told = [fact for story in month for fact in _around(story, chance)]
    told += [fact for staff in specialists().values() for each, _ in staff for fact in _views(each, begins, chance)]
    return sorted((fact for fact in told if fact.at <= until), key=lambda fact: fact.at)


def _deeds(story: Story, chance: random.Random) -> Iterator[Deed]:
    if story.specialist is None or story.accepted_at is None:
        return
    if story.kind == "phone" and (story.meetings or chance.random() < 0.8):
        yield Deed(story.accepted_at + timedelta(seconds=chance.uniform(30, 400)), "reach")
    held = [meeting for meeting in story.meetings if meeting.outcome == "held"]
    if not held and chance.random() < 0.02:
        yield Deed(story.accepted_at + timedelta(seconds=2), "withdraw")
    for number, meeting in enumerate(held, start=1):
        at = meeting.starts_at - timedelta(hours=2) if number == 1 else held[number - 2].starts_at + timedelta(hours=20)
        yield Deed(at, "pay", number)
    if len(held) == 1 and chance.random() < 0.06:
        yield Deed(held[0].starts_at + timedelta(hours=5), "refuse")


def _around(story: Story, chance: random.Random) -> Iterator[Event]:
    held = [meeting for meeting in story.meetings if meeting.outcome == "held"]
    if story.specialist is None or not held or any(deed.what == "refuse" for deed in deeds(story)):
        return
    if chance.random() < 0.4:
        yield from _review(story, story.specialist.id, held[-1].starts_at + timedelta(days=1), chance)


def _review(story: Story, specialist_id: UUID, at: datetime, chance: random.Random) -> Iterator[Event]:
    """A client rates the work; of the bad scores some are settled in a talk about them."""
    tenant, review_id, stars = story.client.tenant, uuid5(WORLD, f"review {story.number}"), chance.choice(STARS)
    yield ReviewLeft(tenant=tenant, at=at, review_id=review_id, specialist_id=specialist_id, stars=stars, version=1)
    if stars <= 2 and chance.random() < 0.5:
        yield ProblemSolved(
            tenant=tenant, at=at + timedelta(days=2), conversation_id=uuid5(WORLD, f"settling {story.number}"),
            review_id=review_id, specialist_id=specialist_id, version=1,
        )  # fmt: skip


def _views(specialist: Principal, begins: datetime, chance: random.Random) -> Iterator[Event]:
    """Each source tells its count of a day twice: at noon, and whole at its end."""
    for n in range(DAYS):
        day = (begins + timedelta(days=n)).date()
        for source, (least, most) in VIEWS_A_DAY.items():
            count = chance.randint(least, most)
            for hour, views in ((12, count // 3), (23, count)):
                yield ProfileViewsCounted(
                    tenant=specialist.tenant, at=datetime.combine(day, time(hour), UTC), specialist_id=specialist.id,
                    day=day, source="site" if source == "site" else "app", views=views,
                )  # fmt: skip
