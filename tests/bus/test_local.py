"""What only the log on PostgreSQL has: several processes on the same two tables."""

import asyncio

from libs.bus.local import LocalLog
from libs.bus.log import TP, Record
from libs.events import Topic
from tests.bus.conftest import new_database
from tests.bus.test_log_contract import append, items


async def test_what_another_process_wrote_is_noticed_by_a_reader_at_rest(postgres: str, topic: Topic) -> None:
    here = LocalLog(await new_database(postgres), [topic])
    there = LocalLog(here.engine, [topic])
    await here.prepare()
    reader = await here.reader({TP(topic.name, 1): 0})
    assert await reader.fetch(10, within=0.25) == {}
    await append(there, *items(TP(topic.name, 1), "news"))
    found: dict[TP, list[Record]] = {}
    async with asyncio.timeout(60):
        while not found:
            found = await reader.fetch(10, within=0.25)
    assert [record.value for record in found[TP(topic.name, 1)]] == [b"news"]
    await reader.abandon()
    await here.close()
