"""A thousand races on two instances with a real Kafka and PostgreSQL; the judges know nothing of how it is done."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from statistics import quantiles

import pytest

from libs.bus.kafka import KafkaLog
from libs.events.intake import AcceptRefused, RequestAccepted
from tests.faults.instances import House, firsts, house, told
from tests.faults.linearizable import refuted
from tests.faults.races import RESTING, Ledger, Press, Track

pytestmark = pytest.mark.faults
RACES, RACERS, KILLS = (int(os.environ.get(name, usual)) for name, usual in
                        (("RACES", "1000"), ("RACERS", "50"), ("KILLS", "8")))  # fmt: skip
# Nobody answers here, and nobody is to be released for it meanwhile.
PATIENT = {"chat_reply_within": "PT12H", "chat_answer_within": "PT12H"}
NO_WAIT = {"day_cooldown": "PT0S", "night_cooldown": "PT0S"}


@pytest.fixture
async def two(postgres: str, kafka: str, tmp_path: Path) -> AsyncIterator[House]:
    async with house(postgres, tmp_path, [{"KAFKA_BOOTSTRAP": kafka}] * 2) as made:
        yield made


async def test_b4_a_thousand_races_have_one_winner_each_and_everybody_is_answered(
    two: House, kafka: str, tmp_path: Path
) -> None:
    await two.rules("races", **PATIENT, **NO_WAIT)
    chance, ledger = random.Random(4), Ledger()
    track = Track(two, await two.joined(RACERS, "races"), ledger, chance)
    fatal = {int(RACES * (kill + chance.random()) / KILLS) for kill in range(KILLS)}
    began = time.monotonic()
    for number in range(RACES):
        await track.race(first=number, meanwhile=[_die(two, chance)] if number in fatal else [])
    seconds = time.monotonic() - began
    await track.close()
    ledger.keep(tmp_path / "history.jsonl")
    await two.at_rest(within=600)
    resent = await _judged(ledger, kafka)
    _print(two, ledger, seconds, resent)


async def test_b5_who_presses_on_two_requests_at_once_on_two_instances_gets_one(two: House) -> None:
    """With the true waits: in the end everybody has won once, and nobody twice."""
    await two.rules("resting", **PATIENT)
    ledger, chance = Ledger(), random.Random(5)
    racers = await two.joined(RACERS, "resting")
    tracks = [Track(two, racers, ledger, chance) for _ in two.instances]
    for _ in range(RACERS // 2 + 2):
        await asyncio.gather(*(track.race(first=first) for first, track in enumerate(tracks)))
    for track in tracks:
        await track.close()
    assert refuted(ledger.ops) == []
    assert ledger.told_otherwise == []
    assert Counter(press.racer.id for press in ledger.won()) == Counter(racer.id for racer in racers)
    resting = sum(press.answer.status == RESTING for press in ledger.presses)
    print(f"\n{len(ledger.presses)} presses with waits: {len(ledger.won())} won, {resting} were told to wait")  # noqa: T201


async def _die(house: House, chance: random.Random) -> None:
    """One of the two is killed in the middle of a race, when both are there to die."""
    for instance in house.instances:
        await instance.started()
    await asyncio.sleep(chance.uniform(0, 0.004 * RACERS))
    await chance.choice(house.instances).kill()


async def _judged(ledger: Ledger, kafka: str) -> int:
    """What clients saw, what they were told and what the log says; how much the log says twice."""
    assert refuted(ledger.ops) == []
    assert ledger.told_otherwise == []
    assert len(ledger.presses) == RACES * RACERS
    by_request: dict[str, list[Press]] = {}
    for press in ledger.presses:
        by_request.setdefault(press.request, []).append(press)
    assert len(by_request) == RACES
    wrong = {
        request: sorted(press.place for press in presses)
        for request, presses in by_request.items()
        if sorted(press.place for press in presses) != list(range(1, RACERS + 1))
    }
    assert wrong == {}
    assert Counter(press.request for press in ledger.won()) == dict.fromkeys(by_request, 1)
    log = KafkaLog(kafka)
    said = await told(log, RequestAccepted.topic, "races")
    await log.close()
    accepted = [it.data for it in firsts(said) if isinstance(it.data, RequestAccepted)]
    assert sorted((str(it.request_id), it.specialist_id) for it in accepted) == sorted(
        (press.request, press.racer.id) for press in ledger.won()
    )
    refused = [it.data for it in firsts(said) if isinstance(it.data, AcceptRefused)]
    assert sorted((str(it.request_id), it.specialist_id, it.place) for it in refused) == sorted(
        (press.request, press.racer.id, press.place) for press in ledger.lost()
    )
    return len(said) - len(firsts(said))


def _print(house: House, ledger: Ledger, seconds: float, resent: int) -> None:
    unknown = sum(op.outcome == "info" for op in ledger.ops)
    kills = sum(instance.kills for instance in house.instances)
    print(  # noqa: T201
        f"\n{RACES} races of {RACERS} in {seconds:.0f} s, {kills} kills: linearizable, {len(ledger.ops)} steps, "
        f"{unknown} of them without an answer, 0 double winners, {len(ledger.lost())} losers answered, "
        f"places without gaps, {ledger.repeated} presses repeated and told the same, {resent} events re-sent\n"
        f"winners {_spread(ledger.won())}; losers {_spread(ledger.lost())}\n"
        f"of which touched by a kill: {_spread([press for press in ledger.presses if press.tries > 1])}"
    )


def _spread(presses: Sequence[Press]) -> str:
    if len(presses) < 2:
        return f"{len(presses)} presses"
    took = [press.seconds for press in presses]
    cuts = quantiles((1000 * each for each in took), n=100, method="inclusive")
    return f"{len(took)} presses, p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, worst {max(took):.2f} s"
