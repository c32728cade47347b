"""A check counts once it has caught a bug: each is planted in a copy of the tree, where the named test must fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("services", "libs", "deploy", "demo", "tests", "docs", "pyproject.toml", "alembic.ini")
pytestmark = pytest.mark.faults


class Bug(NamedTuple):
    """What is changed where, and the test that must notice."""

    file: str
    right: str
    wrong: str
    noticed_by: str


BUGS = {
    "accept by SELECT, then UPDATE": Bug(
        "services/intake/commands/race.py",
        "WHERE id = $1 AND num_nulls(accepted_by, deactivated_at) = 2",
        "WHERE id = $1 AND deactivated_at IS NULL",
        "tests/intake/test_api.py -k test_b4",
    ),
    "accept without the cooldown's guard": Bug(
        "services/intake/commands/race.py",
        "AND EXISTS (SELECT FROM me WHERE ready_at IS NULL OR ready_at <= $5)",
        "AND EXISTS (SELECT FROM me)",
        "tests/intake/test_api.py -k test_b5",
    ),
    "a relay with a cursor": Bug(
        "libs/bus/relay.py",
        "rows = (await connection.execute(_TAKE, taken)).all()\n",
        "rows = [row for row in (await connection.execute(_TAKE, taken)).all() if row.id > getattr(self, 'last', 0)]\n"
        "            self.last = max([getattr(self, 'last', 0), *(row.id for row in rows)])\n",
        "tests/bus/test_relay.py -k test_a_row_that_commits_late_is_not_passed_over",
    ),
    "no inbox": Bug(
        "libs/bus/consumers.py",
        "new = await fresh(tx, self.name, [envelope.id for envelope in batch])",
        "new = await fresh(tx, self.name, []) or {envelope.id for envelope in batch}",
        "tests/bus/test_delivery.py -k test_the_same_event_at_two_offsets_takes_effect_once",
    ),
    "commit after the response": Bug(
        "libs/kit/http.py",
        'Transaction = Annotated[AsyncSession, Depends(transaction, scope="function")]',
        "Transaction = Annotated[AsyncSession, Depends(transaction)]",
        "tests/kit/test_http.py -k test_a_failing_commit_is_not_a_success",
    ),
    "the exclusion that arrives last wins": Bug(
        "services/stats/commands.py",
        'NEWER = "(excluded.ruling_version, excluded.ruling_event_id) > (known.ruling_version, known.ruling_event_id)"',
        'NEWER = "excluded.ruling_version > 0"',
        "tests/stats/test_consumers.py -k test_the_past_is_the_same_in_whatever_order_it_is_told",
    ),
    "a position that is not compared": Bug(
        "libs/bus/claims.py",
        "AND claims.next = moved.old AND claims.epoch = moved.epoch",
        "",
        "tests/bus/test_delivery.py -k test_a_zombie_past_its_lease_is_fenced_and_changes_nothing",
    ),
    "a relay that deletes what it has not sent": Bug(
        "libs/bus/relay.py",
        "await self._send([_item(*row) for row in rows])\n",
        "pass\n",
        "tests/bus/test_relay.py -k test_nothing_is_lost",
    ),
    "staff may read a sealed chat": Bug(
        "services/chat/domain.py",
        'return self.id if "client" in self.roles else None',
        'return self.id if self.roles & {"client", "support"} else None',
        "tests/chat/test_domain.py tests/chat/test_api.py",
    ),
}


@pytest.mark.parametrize("name", list(BUGS))
def test_a_planted_bug_is_caught(name: str, tmp_path: Path) -> None:
    bug = BUGS[name]
    for each in COPIED:
        source = ROOT / each
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / each)
    file = tmp_path / bug.file
    text = file.read_text()
    assert text.count(bug.right) == 1, "the planted bug has lost its place"
    assert run(tmp_path, bug.noticed_by) == 0, "the test must pass before the bug is planted"
    file.write_text(text.replace(bug.right, bug.wrong))
    assert run(tmp_path, bug.noticed_by) == 1, "nobody noticed"


def run(tree: Path, chosen: str) -> int:
    """How pytest ended: 0 all passed, 1 some failed; anything else is no answer."""
    files, _, words = chosen.partition(" -k ")
    told = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files.split()]
    told += ["-k", words] if words else []
    ended = subprocess.run(told, cwd=tree, env=os.environ | {"CI": ""}, capture_output=True, text=True, check=False)
    assert ended.returncode in {0, 1}, ended.stdout[-2000:]
    return ended.returncode
