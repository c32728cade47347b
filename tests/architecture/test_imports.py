"""The import contracts hold, and each of them would notice."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
# What would break each contract: a file, and a line for its end.
PLANTED = [
    ("Services know one another only through events", "services/intake/queries/race.py", "import services.chat.domain"),
    ("Services stand on kit, kit on bus, bus on events", "libs/events/topics.py", "import libs.kit.errors"),
    ("Inside a service, imports point inwards", "services/support/domain/cases.py", "import services.support.tables"),
    ("Inside a service, imports point inwards", "services/support/helpers.py", '"""A twelfth file."""'),
    ("The domain is pure", "services/intake/domain/race.py", "import sqlalchemy"),
    ("The domain is pure", "services/stats/domain.py", "import time"),
    ("Only the bus speaks Kafka", "libs/kit/sql.py", "import aiokafka"),
    ("Nothing imports in a circle", "libs/kit/errors.py", "import libs.kit.problems"),
]


def verdicts(root: Path) -> dict[str, str]:
    """What import-linter says of each contract."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if line.endswith((" KEPT", " BROKEN")))
    assert said.keys() == CONTRACTS.keys(), done.stdout + done.stderr
    return said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree that may be spoilt."""
    for part in ("services", "libs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    assert set(verdicts(ROOT).values()) == {"KEPT"}


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED, ids=[f"{file}: {line}" for _, file, line in PLANTED])
def test_a_contract_notices_what_breaks_it(copy: Path, contract: str, file: str, line: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as planted:
        planted.write(f"{line}\n")
    assert verdicts(copy)[contract] == "BROKEN"


def test_no_contract_goes_unproved() -> None:
    assert {contract for contract, _, _ in PLANTED} == CONTRACTS.keys()


def test_contracts_name_every_service() -> None:
    services = {f"services.{app.parent.name}" for app in ROOT.glob("services/*/app.py")}
    assert set(CONTRACTS["Services know one another only through events"]["modules"]) == services
    assert set(CONTRACTS["Inside a service, imports point inwards"]["containers"]) == services
