"""The whole platform as a person runs it: it starts or says why not, ends at once, and keeps what it was told."""

import asyncio
import contextlib
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from starlette.applications import Starlette

from libs.kit import logs
from libs.kit.cli import Platform, main
from libs.kit.ports import free_port
from libs.kit.server import config_for, serve
from libs.kit.settings import PlatformSettings
from libs.kit.together import Together
from tests.conftest import OURS

ROOT = Path(__file__).parents[2]
NAMES = ("intake", "chat", "stats", "support")


def load(name):
    return importlib.import_module(f"services.{name}").service


@pytest.fixture
def platform(monkeypatch, tmp_path):
    """The real services, in a run directory that is empty."""
    monkeypatch.setenv("DOVIRA_RUN_DIR", str(tmp_path / "run"))
    yield Platform({name: partial(load, name) for name in NAMES})
    logs.configure(level="error")


def refusal(platform, capsys, *arguments):
    assert main(platform, arguments) == 1
    written = capsys.readouterr().err.strip()
    assert len(written.splitlines()) == 1, written
    return written


def test_a_port_that_is_taken_is_one_sentence(platform, capsys, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("DOVIRA_PORT", port)
        assert f"Port {port} is taken" in refusal(platform, capsys)
    assert not (tmp_path / "run").exists()


def test_an_address_that_is_not_ours_is_one_sentence(platform, capsys, monkeypatch):
    monkeypatch.setenv("DOVIRA_HOST", "192.0.2.1")
    assert "Cannot listen on 192.0.2.1" in refusal(platform, capsys)


def test_a_connection_is_kept_longer_than_those_in_front_of_us_keep_it():
    """Otherwise it is cut at times just as a proxy or a phone sends the next request on it."""
    usual_for_a_proxy = 60
    assert config_for(Starlette()).timeout_keep_alive > usual_for_a_proxy


async def test_who_cannot_begin_ends_and_says_why():
    """Otherwise somebody waits for a demo month that broke off."""

    async def breaks_off(_: Together) -> None:
        raise LookupError("the month breaks off")

    everything = Together(PlatformSettings(env="test"), {}, Starlette(), None, None)
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(LookupError):
        await asyncio.wait_for(serve(everything, listening, when_ready=breaks_off), 60)


def test_an_unknown_service_is_one_sentence(platform, capsys):
    assert "There is no service inteke" in refusal(platform, capsys, "run", "inteke")


def test_an_unknown_setting_is_one_sentence(platform, capsys, monkeypatch):
    monkeypatch.setenv("DOVIRA_PROT", "1")
    assert "DOVIRA_PROT" in refusal(platform, capsys)
    monkeypatch.delenv("DOVIRA_PROT")
    monkeypatch.setenv("INTAKE_FEED_KEPS", "1")
    assert "INTAKE_FEED_KEEPS" in refusal(platform, capsys)


def test_a_run_directory_that_cannot_be_is_one_sentence(platform, capsys, monkeypatch):
    monkeypatch.setenv("DOVIRA_RUN_DIR", "/dev/null/run")
    monkeypatch.setenv("DOVIRA_PORT", "0")
    assert "/dev/null/run" in refusal(platform, capsys)


def test_production_is_not_run_with_what_development_trusts(platform, capsys, monkeypatch):
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("DOVIRA_PORT", "0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@127.0.0.1:1/postgres")
    assert "DOVIRA_ISSUER" in refusal(platform, capsys)
    monkeypatch.setenv("DOVIRA_ISSUER", "https://id.example")
    assert "DOVIRA_SECRET" in refusal(platform, capsys)
    monkeypatch.setenv("DOVIRA_SECRET", "sixteen characters")
    assert "does not let us in" in refusal(platform, capsys)


def test_settings_are_shown_without_secrets(platform, capsys, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:canary@db/postgres")
    assert main(platform, ["settings"]) == 0
    shown = capsys.readouterr().out
    assert "INTAKE_FEED_KEEPS" in shown
    assert "canary" not in shown


def test_descriptions_are_written(platform, tmp_path):
    assert main(platform, ["schema", "--into", str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.glob("*.json")} == set(NAMES)


class Process:
    """`python -m services`, answering."""

    def __init__(self, run_dir: Path) -> None:
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS) and name != "ENV"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services"],
            cwd=ROOT,
            env=kept | {"DOVIRA_RUN_DIR": str(run_dir), "DOVIRA_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self._wait()

    def _wait(self) -> None:
        patience = time.monotonic() + 120
        while time.monotonic() < patience and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if self.http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(self.process.communicate()[0].decode())

    def headers(self, persona: str, **more: str) -> dict[str, str]:
        token = self.http.post("/auth/token", json={"persona": persona}).json()["access_token"]
        return {"Authorization": f"Bearer {token}", **more}

    def ask(self):
        body = {"kind": "chat", "category": "anxiety", "locale": "uk"}
        headers = self.headers("olena", **{"Idempotency-Key": str(time.time_ns())})
        answer = self.http.post("/intake/v1/requests", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def knows(self, request_id: str) -> bool:
        return self.http.get(f"/intake/v1/requests/{request_id}", headers=self.headers("olena")).status_code == 200

    def end(self, by: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(by)
        written = self.process.communicate(timeout=60)[0].decode()
        self.http.close()
        return self.process.returncode, written


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """Short, as addresses of unix sockets must be."""
    path = Path(tempfile.mkdtemp(prefix="dovira-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def postgres_of(run_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(run_dir) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def test_it_ends_by_itself_with_a_stream_open_and_knows_everything_next_time(run_dir):
    """The stream ends itself: nothing waits for the moment at which the server cuts what is still open."""
    first = Process(run_dir)
    request_id = first.ask()
    first.http.post("/intake/v1/specialists", headers=first.headers("anna")).raise_for_status()
    first.http.put("/intake/v1/duty", json={}, headers=first.headers("anna")).raise_for_status()
    ticket = first.http.post("/intake/v1/feed-tickets", headers=first.headers("anna")).json()["ticket"]
    with first.http.stream("GET", "/intake/v1/feed", params={"ticket": ticket}) as feed:
        lines = feed.iter_lines()  # held: an iterator that is let go closes the connection
        next(lines)
        code, written = first.end(signal.SIGINT)
    assert code == 0, written
    assert "graceful shutdown exceeded" not in written
    assert "Traceback" not in written
    assert postgres_of(run_dir) == []
    second = Process(run_dir)
    assert second.knows(request_id)
    code, written = second.end(signal.SIGTERM)
    assert code == 0, written


def test_killed_outright_it_leaves_no_postgres_and_loses_nothing(run_dir):
    first = Process(run_dir)
    asked = [first.ask() for _ in range(20)]
    first.end(signal.SIGKILL)
    patience = time.monotonic() + 60
    while postgres_of(run_dir) and time.monotonic() < patience:
        time.sleep(0.05)
    assert postgres_of(run_dir) == []
    second = Process(run_dir)
    assert all(second.knows(request_id) for request_id in asked)
    second.end(signal.SIGINT)
