"""A check counts once it has caught a bug: each is planted in a copy of the tree, where the named test must fail."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.faults.instances import FAKETIME
from tests.faults.planted_in_chat import IN_CHAT
from tests.faults.planting import Bug

ROOT = Path(__file__).parents[2]
COPIED = ("services", "libs", "deploy", "demo", "tests", "docs", "pyproject.toml", "alembic.ini")
# What a bug is noticed by need not be large; Kafka's jars are where they always are.
SMALL = {
    "CI": "", "KAFKA_LIBS": os.environ.get("KAFKA_LIBS") or str(ROOT / "run/kafka-libs"),
    "RACES": "12", "RACERS": "12", "KILLS": "4", "STEP": "20", "LASTS": "14",
    "MESSAGES": "600", "TALKS": "8", "RESUMES": "80", "DEATHS": "1", "PATIENCE": "20",
}  # fmt: skip
pytestmark = pytest.mark.faults


BUGS = IN_CHAT | {
    "accept by SELECT, then UPDATE": Bug(
        "services/intake/commands/race.py",
        "WHERE id = $1 AND num_nulls(accepted_by, closed_at) = 2",
        "WHERE id = $1 AND closed_at IS NULL",
        "tests/intake/test_api.py -k test_b4",
    ),
    "accept without the cooldown's guard": Bug(
        "services/intake/commands/race.py",
        "(ready_at IS NULL OR ready_at <= $5) AND",
        "",
        "tests/intake/test_api.py -k test_b5",
    ),
    "accept by SELECT, then UPDATE, on two instances": Bug(
        "services/intake/commands/race.py",
        "WHERE id = $1 AND num_nulls(accepted_by, closed_at) = 2",
        "WHERE id = $1 AND closed_at IS NULL",
        "tests/faults/test_races.py -k test_b4",
    ),
    "timers that do not outlive a restart": Bug(
        "services/intake/queries/requests.py",
        '.where(RequestRow.look_at <= bindparam("now"))',
        '.where(RequestRow.look_at <= bindparam("now"))\n'
        "    .where(RequestRow.look_at > func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, 1))",
        "tests/faults/test_promise_timers.py",
    ),
    "a turn without the row's lock": Bug(
        "services/intake/commands/requests.py",
        "request = await request_of(tx, request_id, lock=True)",
        "request = await request_of(tx, request_id)",
        "tests/intake/test_timers.py -k test_d6",
    ),
    "a zone without its summer": Bug(
        "services/intake/domain/rules/race.py",
        "wall_clock = accepted_at.astimezone(rules.zone).time()",
        "wall_clock = (accepted_at + rules.zone.utcoffset(datetime(2026, 1, 1))).time()",
        "tests/faults/test_cooldowns.py -k kyiv_in_spring",
    ),
    "the clock of the instance judges": Bug(
        "services/intake/queries/race.py",
        "from libs.bus.clock import simulated\n",
        "from libs.bus import clock\n\n\nclass simulated:\n    get = staticmethod(clock.now)\n\n\n",
        "tests/faults/test_cooldowns.py -k test_i10",
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
        "services/chat/domain/conversations.py",
        'return self.id if "client" in self.roles else None',
        'return self.id if self.roles & {"client", "support"} else None',
        "tests/chat/test_domain.py tests/chat/test_api.py",
    ),
    "who lost a request reads on": Bug(
        "services/chat/queries/conversations.py",
        "held = ConversationRow.counterpart_side == side, ConversationRow.released_at.is_(None)",
        "held = (ConversationRow.counterpart_side == side,)",
        "tests/chat/test_releases.py -k test_r14",
    ),
    "the exclusion that arrives last wins": Bug(
        "services/stats/domain/facts.py",
        "ruling=last(self.ruling, other.ruling),",
        "ruling=other.ruling or self.ruling,",
        "tests/stats/test_domain.py -k test_an_engagement_stands_in_one_place",
    ),
    "a tie of versions without event ids": Bug(
        "services/stats/domain/facts.py",
        "return max(one, other)\n",
        "return max(one, other, key=lambda it: it[0])\n",
        "tests/stats/test_domain.py -k test_a_tie_of_versions",
    ),
    "a session that was voided counts": Bug(
        "services/stats/domain/cells.py",
        "held = [session.at for session in it.sessions.values() if session.held]",
        "held = [session.at for session in it.sessions.values()]",
        "tests/stats/test_domain.py -k test_an_engagement_stands_in_one_place",
    ),
    "the opening that arrives first holds": Bug(
        "services/stats/domain/facts.py",
        "opening=first(self.opening, other.opening),",
        "opening=self.opening or other.opening,",
        "tests/stats/test_domain.py -k test_the_earlier_opening_holds",
    ),
    "a refusal after the second purchase": Bug(
        "services/stats/domain/cells.py",
        "return it.purchase is None or it.refusal < it.purchase",
        "return True",
        "tests/stats/test_domain.py -k test_r11",
    ),
    "a refusal that takes the win": Bug(
        "services/stats/domain/cells.py",
        "stands = standing(it, won=bool(held), merged=merged, early=early)",
        "stands = standing(it, won=bool(held) and not it.refusal, merged=merged, early=early)",
        "tests/stats/test_domain.py -k test_r13",
    ),
    "a release that is ignored": Bug(
        "services/stats/domain/cells.py",
        'return "lost" if it.release is None else "released"',
        'return "lost"',
        "tests/stats/test_releases.py -k test_d5",
    ),
    "a silence that is nobody's fault": Bug(
        "services/stats/consumers.py",
        "if said.reason in NOBODYS_FAULT else None",
        "if said.reason else None",
        "tests/stats/test_releases.py -k test_d5",
    ),
    "a one-off that is expected back": Bug(
        "services/stats/domain/cells.py",
        "    if opening.one_off:\n        return {}\n",
        "",
        "tests/stats/test_domain.py -k test_r8",
    ),
    "an annulled review that counts": Bug(
        "services/stats/domain/cells.py",
        'return {"annulled": 1} if annulment and annulment.set else {',
        "return {",
        "tests/stats/test_domain.py -k test_p12",
    ),
    "a gauge that is summed": Bug(
        "services/stats/domain/facts.py",
        "return max(self, other, key=lambda it: (it.views, it.event_id))",
        "return Gauge(self.day, self.views + other.views, max(self.event_id, other.event_id))",
        "tests/stats/test_domain.py -k test_d14",
    ),
    "a difference that only adds": Bug(
        "services/stats/domain/moves.py",
        "if (n := now.get(metric, 0) - was.get(metric, 0))}",
        "if (n := now.get(metric, 0) - was.get(metric, 0)) > 0}",
        "tests/stats/test_domain.py -k test_a_line_names",
    ),
    "an exclusion that is never undone": Bug(
        "services/stats/domain/cells.py",
        "return ruling is not None and ruling.excluded and (",
        "return ruling is not None and (",
        "tests/stats/test_domain.py -k test_an_engagement_stands_in_one_place",
    ),
    "an exclusion that takes a promise kept": Bug(
        "services/stats/domain/cells.py",
        '"in_time" if kept else "forgiven" if pardoned else "late"',
        '"forgiven" if pardoned else "in_time" if kept else "late"',
        "tests/stats/test_domain.py -k test_d1_",
    ),
    "a cohort that moves and leaves its counts": Bug(
        "services/stats/domain/moves.py",
        "        yield was_day, {metric: -n for metric, n in was.items()}\n",
        "",
        "tests/stats/test_domain.py -k test_a_day_moves_whole",
    ),
    "a floor that does not see what was struck": Bug(
        "services/stats/domain/figures.py",
        '"conversion": ("won", "lost", "excluded", "withdrawn", "released"),',
        '"conversion": ("won", "lost"),',
        "tests/stats/test_figures.py -k test_the_floor_sees_what_was_struck",
    ),
    "weights shared among the parts with data": Bug(
        "services/stats/domain/figures.py",
        "    return Figures(estimates, round(overall, 9),",
        "    overall /= sum(by.policy.weights[it.figure] for it in estimates.values() if it.raw is not None) or 1\n"
        "    return Figures(estimates, round(overall, 9),",
        "tests/stats/test_figures.py -k test_a_part_without_data_keeps_its_weight",
    ),
    "a request that counts on its first day": Bug(
        "services/stats/domain/shares.py",
        "return (self.as_of - day).days",
        "return (self.as_of - day).days + 1",
        "tests/stats/test_figures.py -k test_a_lost_request_counts",
    ),
    "a preview that forgets what was decided before": Bug(
        "services/stats/queries/whatif.py",
        "version = known.ruling.version + 1 if known.ruling else 1",
        "version = 1",
        "tests/stats/test_figures_over_http.py -k test_a_preview_is_what_the_decision_makes_of_it",
    ),
    "an explanation of another moment": Bug(
        "services/stats/queries/figures.py",
        "WHERE {ASKED} AND recorded_at <= :known_at\n            AND",
        "WHERE {ASKED} AND CAST(:known_at AS timestamptz) IS NOT NULL\n            AND",
        "tests/stats/test_figures_over_http.py -k test_i10",
    ),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to plant bugs in."""
    tree = tmp_path_factory.mktemp("tree")
    for each in COPIED:
        source = ROOT / each
        if source.is_dir():
            shutil.copytree(source, tree / each, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy(source, tree / each)
    return tree


@pytest.mark.parametrize("name", list(BUGS))
def test_a_planted_bug_is_caught(name: str, tree: Path) -> None:
    bug = BUGS[name]
    if "test_i10" in bug.noticed_by and FAKETIME is None:
        pytest.skip("libfaketime is not installed")
    changes = [(tree / file, right, wrong) for file, right, wrong in ((bug.file, bug.right, bug.wrong), *bug.also)]
    texts = {file: file.read_text() for file, _, _ in changes}
    assert all(texts[file].count(right) == 1 for file, right, _ in changes), "the planted bug has lost its place"
    assert run_without(tree, bug.noticed_by) == 0, "the test must pass before the bug is planted"
    try:
        for file, right, wrong in changes:
            file.write_text(texts[file].replace(right, wrong))
        assert run(tree, bug.noticed_by) == 1, "nobody noticed"
    finally:
        for file, text in texts.items():
            file.write_text(text)


@cache
def run_without(tree: Path, chosen: str) -> int:
    """How it ends without any bug, which several bugs may ask of the same test."""
    return run(tree, chosen)


def run(tree: Path, chosen: str) -> int:
    """How pytest ended: 0 all passed, 1 some failed; anything else is no answer."""
    files, _, words = chosen.partition(" -k ")
    told = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files.split()]
    told += ["-k", words] if words else []
    ended = subprocess.run(told, cwd=tree, env=os.environ | SMALL, capture_output=True, text=True, check=False)
    assert ended.returncode in {0, 1}, ended.stdout[-2000:]
    return ended.returncode
