"""A real Kafka is one call away, and says in one sentence why it is not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka import Kafka, available, consumer_groups
from libs.kit.errors import StartRefused
from libs.kit.ports import free_port
from tests.bus.saying import eventually

ROOT = Path(__file__).parents[2]
NEEDS_KAFKA = pytest.mark.skipif(available() is not None, reason=str(available()))


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    started = Kafka.start(tmp_path_factory.mktemp("kafka"))
    yield started
    started.stop()


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path with no programs on it, and a place for the jars with none in it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("KAFKA_LIBS", str(tmp_path / "jars"))
    return programs


def install(programs: Path, name: str, script: str) -> None:
    program = programs / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


async def create(kafka: Kafka, topic: str, *, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def describe(kafka: Kafka) -> tuple[int, str, list[str]]:
    """How many brokers there are, in which cluster, and with which topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
        return len(cluster["brokers"]), cluster["cluster_id"], await admin.list_topics()
    finally:
        await admin.close()


async def write(kafka: Kafka, topic: str, words: list[bytes]) -> None:
    """Return when all in-sync replicas have the words."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True) as producer:
        for word in words:
            await producer.send_and_wait(topic, word)


async def read(kafka: Kafka, topic: str, number: int, *, group: str) -> list[bytes]:
    """The first words of a topic; the place is kept under the group's name."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        words = [(await consumer.getone()).value for _ in range(number)]
        await consumer.commit()
    return words


def launcher(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deploy.kafka", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


def closed_within(seconds: float, port: int) -> bool:
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False


@NEEDS_KAFKA
async def test_one_node_answers_and_keeps_what_it_is_given(own_kafka: Kafka) -> None:
    await create(own_kafka, "letters")
    await write(own_kafka, "letters", [b"one", b"two"])
    assert await read(own_kafka, "letters", 2, group="readers") == [b"one", b"two"]
    brokers, _, topics = await describe(own_kafka)
    assert brokers == 1
    assert "letters" in topics


@NEEDS_KAFKA
async def test_kafkas_own_tool_tells_how_far_a_group_has_read(own_kafka: Kafka) -> None:
    await create(own_kafka, "measured")
    await write(own_kafka, "measured", [b"one", b"two", b"three"])
    await read(own_kafka, "measured", 2, group="slow")
    fields = consumer_groups(own_kafka.bootstrap, "slow").split()
    at = fields.index("measured")
    assert fields[at : at + 5] == ["measured", "0", "2", "3", "1"]


@NEEDS_KAFKA
async def test_a_killed_node_comes_back_with_all_that_it_acknowledged(own_kafka: Kafka) -> None:
    await create(own_kafka, "survivors")
    words = [str(number).encode() for number in range(100)]
    await write(own_kafka, "survivors", words)
    own_kafka.kill(1)
    assert own_kafka.running() == []
    own_kafka.start_node(1)
    assert await read(own_kafka, "survivors", 100, group="survivors") == words


@NEEDS_KAFKA
async def test_a_cluster_is_the_same_after_a_restart_on_other_ports(tmp_path: Path) -> None:
    run_dir = tmp_path / "шлях із пробілами"
    before = Kafka.start(run_dir)
    try:
        await create(before, "kept")
        _, cluster_id, topics = await describe(before)
    finally:
        before.stop()
    assert (run_dir / "node-1" / "kept-0").is_dir()
    after = Kafka.start(run_dir)
    try:
        assert after.bootstrap != before.bootstrap

        async def the_same() -> bool:
            return await describe(after) == (1, cluster_id, topics)

        await eventually(the_same)  # a node serves a moment before it has read all that it knows of its topics
    finally:
        after.stop()
        after.stop()


@NEEDS_KAFKA
@pytest.mark.faults
async def test_three_nodes_acknowledge_while_one_of_them_is_dead(tmp_path: Path) -> None:
    kafka = Kafka.start(tmp_path, brokers=3)
    try:
        await create(kafka, "replicated", copies=3)
        await write(kafka, "replicated", [b"before"])
        kafka.kill(2)
        await write(kafka, "replicated", [b"without it"])
        kafka.start_node(2)
        assert await read(kafka, "replicated", 2, group="readers") == [b"before", b"without it"]
        assert (await describe(kafka))[0] == 3
    finally:
        kafka.stop()


@NEEDS_KAFKA
@pytest.mark.parametrize(("request_to_end", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_the_launcher_says_where_kafka_is_and_leaves_no_node_behind(
    tmp_path: Path, request_to_end: signal.Signals, status: int
) -> None:
    port = free_port(run=2)
    with launcher("--port", str(port), "--run-dir", str(tmp_path)) as process:
        assert process.stdout
        assert f"127.0.0.1:{port};" in process.stdout.readline()
        process.send_signal(request_to_end)
        assert process.wait(60) == status
    assert closed_within(60, port)


@NEEDS_KAFKA
def test_a_taken_port_is_named_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with launcher("--port", str(port), "--run-dir", str(tmp_path)) as process:
            said, _ = process.communicate(timeout=60)
    assert said == f"Port {port} cannot be had (Address already in use): free it, or choose another.\n"
    assert process.returncode == 1


def test_a_run_directory_that_cannot_be_written_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match=r"^The run directory .*/file/run cannot be written: Not a directory\.$"):
        Kafka.start(tmp_path / "file" / "run")


@NEEDS_KAFKA
def test_a_second_supervisor_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with launcher("--port", str(free_port(run=2)), "--run-dir", str(tmp_path)) as process:
        assert process.stdout
        process.stdout.readline()
        with pytest.raises(StartRefused, match=r"^Another process already runs a Kafka in .*\.$"):
            Kafka.start(tmp_path)
        process.terminate()


@pytest.mark.usefixtures("empty_path")
def test_without_java_kafka_says_so() -> None:
    assert available() == "Kafka needs Java 17 or newer, and there is no Java here."


def test_an_old_java_is_named_with_its_version(empty_path: Path, tmp_path: Path) -> None:
    install(empty_path, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    sentence = f"Kafka needs Java 17 or newer, and {empty_path}/java is Java 11."
    assert available() == sentence
    with launcher("--run-dir", str(tmp_path / "run"), "--port", str(free_port(run=2))) as process:
        assert process.communicate(timeout=60)[0] == f"{sentence}\n"
    assert process.returncode == 1


def test_without_maven_only_jars_fetched_before_can_serve(empty_path: Path, tmp_path: Path) -> None:
    install(empty_path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    place = tmp_path / "jars"
    assert available() == f"Kafka's jars are not in {place}, and there is no Maven (mvn) here to fetch them."
    place.mkdir()
    (place / "pom.xml").write_bytes((ROOT / "deploy" / "kafka" / "pom.xml").read_bytes())
    assert available() is None


def test_maven_is_asked_once_however_many_come(empty_path: Path, tmp_path: Path) -> None:
    install(empty_path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    install(empty_path, "mvn", f"echo asked >> {tmp_path}/asked; /bin/mkdir -p {tmp_path}/jars; /bin/sleep 0.2")
    fetch = [sys.executable, "-c", "from deploy.kafka import jars; jars.KAFKA.libs()"]
    for process in [subprocess.Popen(fetch, cwd=ROOT, env=os.environ) for _ in range(3)]:
        assert process.wait(60) == 0
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_what_maven_says_is_passed_on(empty_path: Path, tmp_path: Path) -> None:
    install(empty_path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    install(empty_path, "mvn", "echo no network; exit 1")
    with pytest.raises(StartRefused, match="no network"):
        Kafka.start(tmp_path / "run")
