"""The month's orders, the same for the same seed: what was ordered of whom, when it was paid, and what became of it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from demo.phrases import ASKED
from demo.world import DAYS, SEED, person, specialists
from libs.events.intake import Locale
from libs.events.orders import ServiceKind
from libs.kit.auth import Principal
from libs.kit.personas import OLENA
from services.intake.domain.orders import Currency, Price, Side

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LAST_START = timedelta(days=27)  # Whatever comes to its turn later is still in the queue when the month ends.
BETWEEN_CALLS = timedelta(days=2)
CALLS_FROM = timedelta(days=16)  # Calls are booked a week ahead or more, so the first is not held at once.


class Bench(NamedTuple):
    """What one specialist offers under a kind, and how much of it the month brings."""

    house: str
    name: str
    kind: ServiceKind
    locale: Locale
    currency: Currency
    orders: int
    work: tuple[float, float]  # hours from start to result, at least and at most


BENCHES = (
    Bench("atelier", "Марина", "planned_recording", "ru", "RUB", 42, (5, 22)),
    Bench("atelier", "Марина", "one_question", "uk", "UAH", 20, (4, 30)),
    Bench("atelier", "Марина", "urgent_work", "ru", "RUB", 9, (2, 18)),
    Bench("atelier", "Марина", "planned_call", "ru", "RUB", 8, (1, 1)),
    Bench("therapy", "Анна", "one_question", "uk", "UAH", 10, (4, 48)),
    Bench("clinics", "Ольга", "planned_recording", "en", "EUR", 6, (20, 60)),
)


class Call(NamedTuple):
    """A time that was kept for a call, and when it was booked."""

    offered_at: datetime
    booked_at: datetime
    starts_at: datetime


@dataclass(frozen=True)
class Commission:
    """One order, from its words to its result, or as far as it came."""

    number: int
    client: Principal
    specialist: Principal
    kind: ServiceKind
    words: tuple[str, ...]
    placed_at: datetime
    paid_at: datetime | None = None
    paid_said_by: Side = "client"
    forgotten: str | None = None  # asked an hour after the payment
    call: Call | None = None
    nudged_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: Side = "client"
    started_at: datetime | None = None
    delivered_at: datetime | None = None
    follow_up: str | None = None  # asked some hours after the answer

    @property
    def payer(self) -> Principal:
        """Who says that it was paid."""
        return self.client if self.paid_said_by == "client" else self.specialist

    @property
    def canceller(self) -> Principal:
        """Who takes it back."""
        return self.client if self.cancelled_by == "client" else self.specialist


def price_of(bench: Bench) -> Price:
    """From so much to so much."""
    least = {"planned_recording": 90_00, "one_question": 25_00, "urgent_work": 180_00}.get(bench.kind, 60_00)
    return Price(bench.currency, least, 2 * least)


def at_bench(bench: Bench) -> Principal:
    """Whose bench it is."""
    return next(who for who, name in specialists()[bench.house] if name == bench.name)


def holidays(begins: datetime, now: datetime) -> dict[Principal, list[tuple[date, date]]]:
    """Who is away when: three days within the month, and some soon from now, which whoever waits is told."""
    marina, soon = at_bench(BENCHES[0]), now + 2 * DAY
    away = ((begins + 12 * DAY).date(), (begins + 14 * DAY).date())
    return {marina: [away, (soon.date(), (soon + 3 * DAY).date())]}


def commissions(begins: datetime, seed: int = SEED) -> list[Commission]:
    """The whole month's orders, each with a number of its own."""
    chance = random.Random(f"{seed} orders")
    found = [each for bench in BENCHES for each in _month_of(bench, begins, chance)]
    return [replace(each, number=number) for number, each in enumerate(found, start=1)]


def _month_of(bench: Bench, begins: datetime, chance: random.Random) -> Sequence[Commission]:
    if bench.kind == "planned_call":
        return list(_calls(bench, begins, chance))
    placed = sorted(begins + chance.uniform(0.2, DAYS - 0.3) * DAY for _ in range(bench.orders))
    asked = [_asked(bench, n, at, chance) for n, at in enumerate(placed)]
    return list(_worked(bench, asked, begins, chance))


def _asked(bench: Bench, n: int, at: datetime, chance: random.Random) -> Commission:
    """What a client orders, whether it is paid, and whether it is taken back."""
    questions = chance.sample(ASKED[bench.locale].questions, chance.choice((1, 1, 2, 3)))
    words = questions if bench.kind == "planned_recording" else questions[:1]
    # The first word puts an order in front, in the middle of the month and at its end.
    if bench == BENCHES[0] and n in {bench.orders // 2, bench.orders - 2}:
        words = [ASKED[bench.locale].urgent, *words[1:]]
    order = Commission(0, _client(bench, n), at_bench(bench), bench.kind, tuple(words), at)
    fate = chance.random()
    if fate < 0.05:
        return replace(order, cancelled_at=at + 3 * HOUR)
    if fate < 0.08:
        return order  # It was never paid.
    paid = replace(
        order, paid_at=at + chance.uniform(0.1, 5) * HOUR, paid_said_by="client" if fate < 0.9 else "specialist"
    )
    if fate < 0.14:
        by: Side = "client" if fate < 0.12 else "specialist"
        return replace(paid, cancelled_at=(paid.paid_at or at) + 1.5 * HOUR, cancelled_by=by)
    if bench.kind == "planned_recording" and chance.random() < 0.2:
        return replace(paid, forgotten=chance.choice(ASKED[bench.locale].questions))
    return paid


def _worked(bench: Bench, asked: Sequence[Commission], begins: datetime, chance: random.Random) -> Iterator[Commission]:
    """One after the other in turn, each from two hours after its payment on, but not on holidays."""
    free, ends = begins, begins + DAYS * DAY
    waiting = [each for each in asked if each.paid_at and not each.cancelled_at and each.paid_at + 2 * HOUR < ends]
    yield from (each for each in asked if each not in waiting)
    urgent = ASKED[bench.locale].urgent
    while waiting:
        earliest = max(free, min((each.paid_at or free) for each in waiting) + 2 * HOUR)
        there = [each for each in waiting if (each.paid_at or free) + 2 * HOUR <= earliest]
        turn = min(there, key=lambda each: (each.words[0] != urgent, each.paid_at or free))
        waiting.remove(turn)
        started = _back_at_work(earliest, begins) if turn.specialist == at_bench(BENCHES[0]) else earliest
        done = _done(bench, turn, started, begins, chance)
        free = done.delivered_at or free
        yield done


def _done(bench: Bench, order: Commission, started: datetime, begins: datetime, chance: random.Random) -> Commission:
    """What became of an order when its turn came; who waits long asks how it goes."""
    if order.paid_at and started > order.paid_at + 1.5 * DAY and chance.random() < 0.3:
        order = replace(order, nudged_at=order.paid_at + DAY)
    if started > begins + LAST_START:
        return order
    delivered = started + chance.uniform(*bench.work) * HOUR
    follows = bench.kind == "one_question" and chance.random() < 0.3
    return replace(
        order, started_at=started, delivered_at=delivered,
        follow_up=chance.choice(ASKED[bench.locale].follow_ups) if follows else None,
    )  # fmt: skip


def _back_at_work(at: datetime, begins: datetime) -> datetime:
    """The first moment from then on that is no holiday of the month; on the first day after it work begins at eight."""
    gone, back = begins + 12 * DAY, begins + 15 * DAY
    return back + 8 * HOUR if gone <= at < back else at


def _calls(bench: Bench, begins: datetime, chance: random.Random) -> Iterator[Commission]:
    """Every other day a call at three; the last ones are still to come when the month ends."""
    for n in range(bench.orders):
        starts_at = begins + CALLS_FROM + n * BETWEEN_CALLS + 15 * HOUR
        placed = starts_at - chance.uniform(9, 13) * DAY
        call = Call(starts_at - 15 * DAY, placed + 4 * HOUR, starts_at)
        order = Commission(
            0, _client(bench, n), at_bench(bench), bench.kind, (chance.choice(ASKED[bench.locale].questions),), placed,
            paid_at=placed + 2 * HOUR, call=call,
        )  # fmt: skip
        held = starts_at < begins + DAYS * DAY - DAY
        yield replace(order, started_at=starts_at, delivered_at=starts_at + HOUR) if held else order


def _client(bench: Bench, n: int) -> Principal:
    """Two in three order twice of the same specialist; one of Anna's is a persona."""
    if bench.name == "Анна" and n == bench.orders - 1:
        return OLENA
    return person(13, 1000 * BENCHES.index(bench) + n * 2 // 3, "client", bench.house)
