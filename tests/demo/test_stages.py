"""The month is played in order where order matters, at once where it does not, and goes on after a break."""

import asyncio
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console
from sqlalchemy import text

from demo.notes import Notes
from demo.progress import Progress
from demo.stages import Stage, number_of, play
from libs.bus import Bus, publish
from libs.bus.ids import uuid7
from libs.bus.memory import MemoryLog
from libs.kit.service import Running
from tests.bus.saying import said


class Turn(NamedTuple):
    number: int


MONTH = [Turn(number) for number in range(20)]


def silent() -> Progress:
    return Progress(Console(file=StringIO()))


def stage(name: str, done: list[tuple[str, int]], *, fails_at: int | None = None) -> Stage[Turn]:
    async def act(turn: Turn) -> None:
        await asyncio.sleep(0.001)
        if turn.number == fails_at:
            raise RuntimeError
        done.append((name, turn.number))

    return name, act, number_of


async def test_steps_follow_one_another_and_the_kinds_of_one_step_go_at_once(tmp_path: Path) -> None:
    done: list[tuple[str, int]] = []
    steps = [[stage("asks", done)], [stage("talks", done), stage("meets", done)]]
    await play(steps, MONTH, Notes(tmp_path / "notes"), [], silent())
    assert {name for name, _ in done[: len(MONTH)]} == {"asks"}
    later = [name for name, _ in done[len(MONTH) :]]
    assert later.count("talks") == later.count("meets") == len(MONTH)
    assert later.index("meets") < len(MONTH)
    assert later.index("talks") < len(MONTH)


async def test_each_thing_is_noted_as_it_is_done_so_that_a_break_repeats_none_of_them(tmp_path: Path) -> None:
    """Whatever was done when somebody pressed Ctrl-C is not done again."""
    done: list[tuple[str, int]] = []
    with suppress(ExceptionGroup):
        await play([[stage("asks", done, fails_at=11)]], MONTH, Notes(tmp_path / "notes"), [], silent())
    assert 0 < len(done) < len(MONTH)
    await play([[stage("asks", done)]], MONTH, Notes(tmp_path / "notes"), [], silent())
    assert sorted(done) == [("asks", turn.number) for turn in MONTH]


async def test_what_is_played_together_leaves_together_and_has_been_heard_at_the_end(
    intake_service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps nothing is sent, and after the last one nothing waits any more."""
    log, waiting = MemoryLog(), list[int]()

    async def say(turn: Turn) -> None:
        async with intake_service.database.session("*") as tx:
            await publish(tx, said(uuid7(), turn.number))

    async def look(_: Turn) -> None:
        async with intake_service.database.begin() as connection:
            waiting.append((await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one())

    async with Bus("intake", intake_service.database.engine, log, []) as bus:
        monkeypatch.setattr(intake_service, "bus", bus)
        steps: list[list[Stage[Turn]]] = [[("says", say, number_of)], [("looks", look, number_of)]]
        await play(steps, MONTH, Notes(tmp_path / "notes"), [intake_service], silent())
        assert await bus.quiet()
    assert waiting == [len(MONTH)] * len(MONTH)
    assert sum(map(len, log.records.values())) == len(MONTH)
