"""What is said about the project is so: its commands, its pages, its image, its lock."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from libs.kit.postgres.search import version
from libs.kit.provision import administrator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROMISED = {"run", "test", "check", "fix", "up", "kafka", "demo", "reset", "migration", "docs", "bench", "faults"}
# Spelt apart, so that this file does not find itself.
HOSTS = ("pypi." + "org", "files.python" + "hosted", "registry.npm" + "js")
NEVER = ("../sha" + "red", "/wo" + "rk/", "/ro" + "ot/", *HOSTS)


def ours() -> list[Path]:
    """Every file that belongs to the project: what .gitignore leaves, with or without git at hand."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()] + [".git"]

    def skipped(entry: Path) -> bool:
        return any(entry.match(pattern) for pattern in ignored)

    found: list[Path] = []
    waiting = [ROOT]
    while waiting:
        for entry in waiting.pop().iterdir():
            if not skipped(entry):
                (waiting if entry.is_dir() else found).append(entry)
    return found


def targets() -> dict[str, str]:
    """What `make` lists."""
    return dict(re.findall(r"^([a-z]+):.*?## (.+)$", MAKEFILE, re.MULTILINE))


def test_make_lists_every_target_that_is_promised() -> None:
    assert targets().keys() >= PROMISED
    done = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True)
    assert all(re.search(rf"^  make {name} +\S", done.stdout, re.MULTILINE) for name in targets())


def test_every_target_is_phony_and_listed() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == targets().keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)).replace("-", " "))
def test_pages_name_commands_and_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets().keys()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_python_that_is_too_old_gets_a_sentence(tmp_path: Path) -> None:
    """With nothing on the path but what make needs, and a python3 that says it is old."""
    for program in ("sh", "awk"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [str(shutil.which("make")), "run"],
        cwd=tmp_path, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Dovira needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = []
    for file in ours():
        text = file.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{file.relative_to(ROOT)}: {words}" for words in NEVER if words in text]
    assert found == []


def test_every_locked_package_has_a_version_and_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert len(packages) > 50
    pinned = re.compile(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", re.DOTALL)
    assert [entry for entry in packages if not pinned.match(entry)] == []


def test_uv_has_one_version() -> None:
    assert set(re.findall(r"(?:^UV := |uv==)([\d.]+)", MAKEFILE + (ROOT / "Dockerfile").read_text(), re.MULTILINE)) == {
        "0.13.9"
    }


def test_the_image_has_the_python_the_project_needs() -> None:
    (image,) = set(re.findall(r"PYTHON_VERSION[=:]-?([\d.]+)", (ROOT / "Dockerfile").read_text()))
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert [int(part) for part in image.split(".")] >= [int(part) for part in oldest.split(".")]


def test_compose_has_an_api_and_a_worker_for_every_service() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    names = [app.parent.name for app in ROOT.glob("services/*/app.py")]
    for name in names:
        assert f'command: ["{name}", "--api"]' in text
        assert f'command: ["{name}", "--worker"]' in text
    assert re.findall(r'"(?!127\.0\.0\.1)[\d.:]*:\d+:\d+"', text) == []


@pytest.mark.parametrize("service", sorted(app.parent.name for app in ROOT.glob("services/*/app.py")))
def test_the_api_is_described_for_every_service(service: str) -> None:
    document: dict[str, Any] = json.loads((ROOT / f"docs/openapi/{service}.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    assert document["paths"]


async def test_the_suite_runs_on_the_postgres_that_was_asked_for(postgres: str) -> None:
    """CI runs it on two, and must not be fooled into running it on one of them twice."""
    asked = os.environ.get("POSTGRES_BIN")
    admin = await administrator(postgres)
    major = int(await admin.fetchval("SHOW server_version_num")) // 10000
    await admin.close()
    assert asked is None or version(Path(asked)) == major
