"""A server that speaks S3 for the whole run, where there can be one; where there cannot, one line says so.

With CI or REQUIRE_KAFKA in the environment, a run without it is no run: both need Java, and jars that Maven fetches.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.s3 import S3, available
from libs.bus.ids import uuid7

PORT, PLACE = "TEST_S3_PORT", "TEST_S3_PLACE"
_LEFT_OUT: pytest.StashKey[str] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts it for all its workers and does not wait; without workers the first test that asks does."""
    why_not = available()
    if why_not and (os.environ.get("CI") or os.environ.get("REQUIRE_KAFKA")):
        pytest.exit(f"A server that speaks S3 is required here, and cannot run: {why_not}", returncode=3)
    if getattr(config.option, "numprocesses", None) and not config.option.collectonly and not why_not:
        running = S3.launch(Path(tempfile.mkdtemp(prefix="dovira-s3-")))
        os.environ[PORT], os.environ[PLACE] = str(running.port), str(running.folder)
        config.add_cleanup(lambda: _end(running))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without it, tests of buckets are left out, in the open."""
    why_not = available()
    needing = [item for item in items if _needs_s3(item)]
    if not why_not or not needing:
        return
    config.stash[_LEFT_OUT] = f"{len(needing)} tests on a real S3 server were NOT run: {why_not}"
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What could not run."""
    if left_out := config.stash.get(_LEFT_OUT, None):
        terminalreporter.write_line(left_out, yellow=True, bold=True)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """The run's server."""
    if PORT in os.environ:
        yield S3(Path(os.environ[PLACE]), int(os.environ[PORT])).wait_until_ready()
        return
    running = S3.launch(Path(tempfile.mkdtemp(prefix="dovira-s3-")))
    yield running.wait_until_ready()
    _end(running)


@pytest.fixture
def bucket(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bucket of one's own, and the environment in which `s3://` and its name leads there; where its files lie."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    made = s3.bucket(uuid7().hex)
    yield made
    shutil.rmtree(made)


def _needs_s3(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return "s3" in getattr(item, "fixturenames", ()) or (callspec is not None and "bucket" in callspec.params.values())


def _end(running: S3) -> None:
    running.stop()
    shutil.rmtree(running.folder, ignore_errors=True)
