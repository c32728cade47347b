"""Many specialists press on each of many requests, on two instances of which one dies now and then; all is noted."""

import asyncio
import json
import random
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from libs.bus.ids import uuid7
from libs.kit.auth import Principal
from tests.faults.instances import House, Instance
from tests.faults.linearizable import Op
from tests.faults.wire import Answer, Line, NotSent, Unknown

PATIENCE = 600.0
WON, LOST, RESTING = 201, 409, 429


@dataclass(frozen=True)
class Press:
    """A press to its definite answer; `tries` are more than one where an instance died on it."""

    request: str
    racer: Principal
    key: UUID
    answer: Answer
    seconds: float
    tries: int

    @property
    def place(self) -> int:
        """Which of all presses on its request it was."""
        order: int = self.answer.body["receipt"]["order"]
        return order

    @property
    def said(self) -> Any:
        """What a repeated press is told again."""
        return self.answer.body if self.answer.status == WON else self.answer.body["receipt"]


@dataclass
class Ledger:
    """What was seen, by one clock."""

    ops: list[Op] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    repeated: int = 0
    told_otherwise: list[tuple[Any, Any]] = field(default_factory=list)

    def keep(self, file: Path) -> None:
        """One line of JSON for each."""
        file.write_text("".join(json.dumps(op._asdict()) + "\n" for op in self.ops))

    def won(self) -> list[Press]:
        return [press for press in self.presses if press.answer.status == WON]

    def lost(self) -> list[Press]:
        return [press for press in self.presses if press.answer.status == LOST]


class Track:
    """Where races are run: racers with a connection of their own to each instance."""

    def __init__(self, house: House, racers: Sequence[Principal], ledger: Ledger, chance: random.Random) -> None:
        self._house, self._racers, self._chance, self.ledger = house, racers, chance, ledger
        self._tokens = {racer.id: house.token(racer) for racer in racers}
        self._lines = {
            (racer.id, instance.port): Line(instance.port) for racer in racers for instance in house.instances
        }
        self._numbers = {racer.id: number for number, racer in enumerate(racers)}
        self._client = house.someone("client", racers[0].tenant)
        self._client_token = house.token(self._client)

    async def race(self, *, first: int = 0, meanwhile: Sequence[Coroutine[Any, Any, None]] = ()) -> None:
        """Everybody presses at once, half of them on each instance, while the client looks and things happen."""
        request = await self._house.opened(self._client)
        await self._look(request)
        begun = [self.press(request, racer, uuid7(), first + number) for number, racer in enumerate(self._racers)]
        done, *_ = await asyncio.gather(asyncio.gather(*begun), self._look(request), *meanwhile)
        await self._look(request)
        self.ledger.presses += done
        winners = [press for press in done if press.answer.status == WON]
        retried = [press for press in done if press.tries > 1]
        for press in {press.key: press for press in [*winners, *retried, self._chance.choice(done)]}.values():
            await self._repeat(press)

    async def press(self, request: str, racer: Principal, key: UUID, turn: int) -> Press:
        """Press until there is an answer, always under the same key."""
        begun, tries, path = time.monotonic(), 0, f"requests/{request}/acceptance"
        async with asyncio.timeout(PATIENCE):
            while True:
                instance = self._instance(turn + tries)
                line, tries, t_inv = self._lines[racer.id, instance.port], tries + 1, time.monotonic()
                try:
                    answer = await line.ask("POST", path, self._tokens[racer.id], key=key)
                except NotSent:
                    await asyncio.sleep(0.05)
                except Unknown:
                    self._note(request, racer, t_inv, None, "info")
                else:
                    now = time.monotonic()
                    assert answer.status in {WON, LOST, RESTING}, answer
                    if answer.status != RESTING:
                        self._note(request, racer, t_inv, now, "ok" if answer.status == WON else "fail")
                    return Press(request, racer, key, answer, now - begun, tries)

    async def _repeat(self, press: Press) -> None:
        """The same press on the other instance is told the same."""
        if press.answer.status == RESTING:
            return
        again = await self.press(press.request, press.racer, press.key, self._numbers[press.racer.id] + 1)
        self.ledger.repeated += 1
        if (again.answer.status, again.said) != (press.answer.status, press.said):
            self.ledger.told_otherwise.append((press.answer, again.answer))

    async def _look(self, request: str) -> None:
        """The client sees who has the request."""
        t_inv = time.monotonic()
        seen = await self._house.ask("GET", f"requests/{request}", self._client)
        holder = seen["accepted_by"]
        self.ledger.ops.append(Op(-1, "read", request, holder, t_inv, time.monotonic(), "ok"))

    def _note(self, request: str, racer: Principal, t_inv: float, t_ret: float | None, outcome: Any) -> None:
        op = Op(self._numbers[racer.id], "press", request, str(racer.id), t_inv, t_ret, outcome)
        self.ledger.ops.append(op)

    def _instance(self, turn: int) -> Instance:
        up = [instance for instance in self._house.instances if instance.up] or self._house.instances
        return up[turn % len(up)]

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()
