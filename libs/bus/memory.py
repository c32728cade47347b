"""The log in memory: deterministic, for tests of what stands on it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from libs.bus import clock
from libs.bus.log import TP, Bounds, Item, Record, Truncated


class MemoryLog:
    """Lists of records. Nothing outlives it, nothing happens unless asked."""

    def __init__(self) -> None:
        self.records: dict[TP, list[Record]] = {}
        self.first: dict[TP, int] = {}

    async def prepare(self) -> None:
        """Partitions come into being when they are named."""

    async def bounds(self, tps: Collection[TP]) -> dict[TP, Bounds]:
        """Where each partition begins and ends now."""
        return {tp: Bounds(self.first.get(tp, 0), len(self.records.get(tp, []))) for tp in tps}

    async def writer(self) -> "MemoryLog":
        """The log is its own writer."""
        return self

    async def append(self, items: Sequence[Item], *, within: float) -> None:  # noqa: ARG002 - the interface's
        """Write items behind what their partitions have."""
        for item in items:
            partition = self.records.setdefault(item.tp, [])
            partition.append(Record(item.tp, len(partition), item.key, item.value, clock.now()))

    async def abandon(self) -> None:
        """There is no session to end."""

    async def reader(self, start: Mapping[TP, int]) -> "MemoryReader":
        """A new reading session."""
        if lost := [tp for tp, place in start.items() if place < self.first.get(tp, 0)]:
            raise Truncated(lost)
        return MemoryReader(self, start)

    async def mirror(self, name: str, positions: Mapping[TP, int]) -> None:
        """Nobody looks from outside."""

    async def close(self) -> None:
        """Nothing to let go of."""


class MemoryReader:
    """Reads on from its positions; with nothing to read it gives way to whoever may write."""

    def __init__(self, log: MemoryLog, start: Mapping[TP, int]) -> None:
        self._log, self._next = log, dict(start)

    async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:
        """The next records of each partition, up to `most` in all."""
        found = {}
        share = max(1, most // len(self._next))
        for tp, place in self._next.items():
            if records := self._log.records.get(tp, [])[place : place + share]:
                found[tp] = records
                self._next[tp] = place + len(records)
        if not found:
            await asyncio.sleep(min(within, 0.001))
        return found

    async def abandon(self) -> None:
        """There is no session to end."""
