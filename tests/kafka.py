"""A real Kafka for the whole run, where there can be one; where there cannot, one line says what was not run.

With CI or REQUIRE_KAFKA in the environment, a run without Kafka is no run.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka import Kafka, available

BOOTSTRAP, PLACE = "TEST_KAFKA", "TEST_KAFKA_PLACE"
LOGS = ("memory", "local", "kafka")
PARAMETERS = ("log", "whole", "settings")  # the fixtures that give a test each log in turn


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts it for all its workers; a run without workers does so when the first test asks."""
    why_not = available()
    if why_not and (os.environ.get("CI") or os.environ.get("REQUIRE_KAFKA")):
        pytest.exit(f"Kafka is required here, and cannot run: {why_not}", returncode=3)
    if getattr(config.option, "numprocesses", None) and not config.option.collectonly and not why_not:
        place = Path(tempfile.mkdtemp(prefix="dovira-kafka-"))
        running = Kafka.start(place)
        os.environ[BOOTSTRAP], os.environ[PLACE] = running.bootstrap, str(place)
        config.add_cleanup(lambda: _end(running, place))


def _end(running: Kafka, place: Path) -> None:
    running.stop()
    shutil.rmtree(place, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Kafka its half of the suite is left out, in the open."""
    why_not = available()
    needing = [item for item in items if _log_of(item) == "kafka" or "kafka" in getattr(item, "fixturenames", ())]
    if not why_not or not needing:
        return
    config.stash[_LEFT_OUT] = f"{len(needing)} tests on a real Kafka were NOT run: {why_not}"
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


_LEFT_OUT: pytest.StashKey[str] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How many tests ran on each log."""
    counts = Counter(dict(report.user_properties).get("log") for report in terminalreporter.stats.get("passed", []))
    if any(counts[log] for log in LOGS):
        ran = ", ".join(f"{counts[log]} on {log}" for log in LOGS)
        terminalreporter.write_line(f"the same tests on each log: {ran}")
    if left_out := config.stash.get(_LEFT_OUT, None):
        terminalreporter.write_line(left_out, yellow=True, bold=True)


def _log_of(item: pytest.Item) -> str | None:
    """Which log a test runs on: the parameter of whichever fixture gives it one."""
    callspec = getattr(item, "callspec", None)
    chosen = [value for name, value in callspec.params.items() if name in PARAMETERS] if callspec else []
    return chosen[0] if chosen else ("kafka" if "kafka" in getattr(item, "fixturenames", ()) else None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note the log, so that the summary can count."""
    if log := _log_of(item):
        item.user_properties.append(("log", log))


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap address of the run's Kafka."""
    if BOOTSTRAP in os.environ:
        yield os.environ[BOOTSTRAP]
        return
    place = Path(tempfile.mkdtemp(prefix="dovira-kafka-"))
    running = Kafka.start(place)
    os.environ[PLACE] = str(place)
    yield running.bootstrap
    del os.environ[PLACE]
    _end(running, place)


@pytest.fixture(scope="session")
def kafka_files(kafka: str) -> Path:
    """Where that Kafka keeps its data."""
    assert kafka
    return Path(os.environ[PLACE])
