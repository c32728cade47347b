"""What others see of us on a real Kafka: the CloudEvents SDK, kcat, and Kafka's own tools."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from deploy.kafka import consumer_groups
from libs.bus import Bus, all_quiet, publish
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Record
from libs.events.intake import SessionHeld
from tests.bus.saying import Sums, said

Sessions = async_sessionmaker[AsyncSession]


class Spoken(NamedTuple):
    """Where, and of whom: others may speak on the same Kafka at the same time."""

    at: str
    keys: frozenset[str]


@pytest.fixture
async def spoken(kafka: str, engine: AsyncEngine, sessions: Sessions) -> Spoken:
    """A real relay has sent three events to a real Kafka, and a projection has heard them."""
    log, keys = KafkaLog(kafka), [uuid7() for _ in range(3)]
    await log.prepare()
    async with Bus("judged", engine, log, [Sums()]) as bus:
        async with sessions.begin() as tx:
            await publish(tx, *(said(key, 1) for key in keys))
        assert await all_quiet([bus], within=120)
        await bus._mirror()
    await log.close()
    return Spoken(kafka, frozenset(map(str, keys)))


async def test_the_cloudevents_sdk_reads_our_records(spoken: Spoken) -> None:
    log = KafkaLog(spoken.at)
    reader = await log.reader({TP(SessionHeld.topic, part): 0 for part in range(6)})
    found: list[Record] = []
    async with asyncio.timeout(60):
        while len(found) < 3:  # one answer may be of some partitions only
            for records in (await reader.fetch(5000, within=2)).values():
                found += [record for record in records if record.key.decode() in spoken.keys]
    await reader.abandon()
    for record in found:
        message = KafkaMessage({"content-type": b"application/cloudevents+json"}, record.key, record.value)
        event = from_structured_event(message)
        assert event.get_type() == SessionHeld.type
        assert event.get_source() == "/intake"
        assert event.get_subject() == record.key.decode()
        assert event.get_extension("tenant") == "therapy"


@pytest.mark.skipif(
    not shutil.which("kcat") and not os.environ.get("CI"), reason="kcat is not installed; CI requires it"
)
def test_kcat_reads_keys_headers_and_bodies(spoken: Spoken) -> None:
    told = ["kcat", "-b", spoken.at, "-C", "-t", SessionHeld.topic, "-o", "beginning", "-e", "-q", "-f", "%k|%h|%s\n"]
    read = subprocess.run(told, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    lines = [line.split("|", 2) for line in read]
    lines = [line for line in lines if line[0] in spoken.keys]
    assert len(lines) == 3
    for key, headers, value in lines:
        body = json.loads(value)
        assert headers == "content-type=application/cloudevents+json"
        assert (body["specversion"], body["partitionkey"], body["type"]) == ("1.0", key, SessionHeld.type)


async def test_kafkas_own_tool_shows_each_projections_lag(spoken: Spoken) -> None:
    shown = await asyncio.to_thread(consumer_groups, spoken.at, "sums")
    rows = [line.split() for line in shown.splitlines() if SessionHeld.topic in line]
    assert len(rows) == 6, shown
    read = 0
    for row in rows:
        group, topic, _, current, end, lag = row[:6]
        assert (group, topic) == ("sums", SessionHeld.topic)
        assert int(lag) == int(end) - int(current)  # others may have spoken since
        read += int(current)
    assert read >= len(spoken.keys)


def test_the_asyncapi_parser_accepts_our_document_and_refuses_a_broken_one(judges: Path, tmp_path: Path) -> None:
    judge = ["node", str(judges / "asyncapi.cjs")]
    accepted = subprocess.run([*judge, "docs/asyncapi.json"], capture_output=True, text=True, timeout=120, check=False)
    assert accepted.returncode == 0, accepted.stderr
    broken = tmp_path / "broken.json"
    broken.write_text(Path("docs/asyncapi.json").read_text().replace('"action": "send"', '"action": "sned"'))
    refused = subprocess.run([*judge, str(broken)], capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 1
    assert "allowed values" in refused.stderr
