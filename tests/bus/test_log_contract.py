"""The same promises from every log: in memory, on PostgreSQL, on a real Kafka."""

import asyncio

import pytest

from libs.bus.log import TP, Bounds, EventLog, Item, Record, Truncated
from libs.bus.memory import MemoryLog
from libs.events import Topic


def items(tp: TP, *values: str) -> list[Item]:
    return [Item(tp, b"key", value.encode()) for value in values]


async def append(log: EventLog, *batch: Item) -> None:
    writer = await log.writer()
    try:
        await writer.append(batch, within=60)
    finally:
        await writer.abandon()


async def read(log: EventLog, start: dict[TP, int], count: int) -> list[Record]:
    reader, found = await log.reader(start), list[Record]()
    try:
        async with asyncio.timeout(60):
            while len(found) < count:
                for records in (await reader.fetch(1000, within=0.25)).values():
                    found.extend(records)
    finally:
        await reader.abandon()
    return found


async def test_what_was_appended_is_read_in_order_from_offset_zero(log: EventLog, topic: Topic) -> None:
    one, two = TP(topic.name, 0), TP(topic.name, 2)
    await append(log, *items(one, "a", "b"), *items(two, "x"), *items(one, "c"))
    found = await read(log, {one: 0, two: 0}, 4)
    assert [(r.offset, r.value) for r in found if r.tp == one] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert [(r.offset, r.key, r.value) for r in found if r.tp == two] == [(0, b"key", b"x")]


async def test_a_reader_begins_where_it_is_told(log: EventLog, topic: Topic) -> None:
    tp = TP(topic.name, 1)
    await append(log, *items(tp, *"abcdef"))
    assert [r.value for r in await read(log, {tp: 4}, 2)] == [b"e", b"f"]


async def test_one_session_reads_on_through_several_fetches(log: EventLog, topic: Topic) -> None:
    tp = TP(topic.name, 0)
    await append(log, *items(tp, *map(str, range(50))))
    reader, found = await log.reader({tp: 0}), list[bytes]()
    for _ in range(100):
        found += [r.value for r in (await reader.fetch(7, within=0.25)).get(tp, [])]
        if len(found) == 50:
            break
    await reader.abandon()
    assert found == [str(n).encode() for n in range(50)]


async def test_a_waiting_reader_hears_of_what_is_appended_later(log: EventLog, topic: Topic) -> None:
    tp = TP(topic.name, 0)
    reading = asyncio.create_task(read(log, {tp: 0}, 1))
    await asyncio.sleep(0.05)
    await append(log, *items(tp, "late"))
    assert [r.value for r in await reading] == [b"late"]


async def test_an_idle_fetch_comes_back_empty_and_soon(log: EventLog, topic: Topic) -> None:
    reader = await log.reader({TP(topic.name, 0): 0})
    async with asyncio.timeout(60):  # bounded, whatever the machine is busy with
        assert await reader.fetch(10, within=0.2) == {}
    await reader.abandon()


async def test_writers_side_by_side_leave_no_gap_and_keep_their_own_order(log: EventLog, topic: Topic) -> None:
    tp = TP(topic.name, 0)

    async def write(name: str) -> None:
        writer = await log.writer()
        for n in range(20):
            await writer.append(items(tp, f"{name}{n:02}"), within=60)
        await writer.abandon()

    await asyncio.gather(*(write(name) for name in "abcd"))
    found = await read(log, {tp: 0}, 80)
    assert [r.offset for r in found] == list(range(80))
    for name in "abcd":
        mine = [r.value.decode() for r in found if r.value.decode().startswith(name)]
        assert mine == sorted(mine)
        assert len(mine) == 20


async def test_bounds_tell_where_a_partition_begins_and_ends(log: EventLog, topic: Topic) -> None:
    full, empty = TP(topic.name, 0), TP(topic.name, 1)
    await append(log, *items(full, "a", "b"))
    assert await log.bounds([full, empty]) == {full: Bounds(0, 2), empty: Bounds(0, 0)}


async def test_a_large_round_over_all_partitions_arrives_whole(log: EventLog, topic: Topic) -> None:
    tps = [TP(topic.name, part) for part in range(3)]
    await append(log, *(Item(tps[n % 3], b"k", b"%06d" % n + b"." * 900) for n in range(3000)))
    found = await read(log, dict.fromkeys(tps, 0), 3000)
    for tp in tps:
        values = [r.value for r in found if r.tp == tp]
        assert values == sorted(values)
        assert len(values) == 1000


async def test_a_position_the_log_no_longer_has_is_said_not_skipped(topic: Topic) -> None:
    log, tp = MemoryLog(), TP(topic.name, 0)
    await append(log, *items(tp, "a", "b", "c"))
    log.first[tp] = 2
    with pytest.raises(Truncated):
        await log.reader({tp: 1})
