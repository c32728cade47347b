"""The checker of races: it refuses what cannot be, accepts what can, and agrees with trying every order."""

import itertools
import random
from collections.abc import Iterable, Sequence

import pytest

from tests.faults.linearizable import Op, linearizable, refuted


def press(who: str, t_inv: float, t_ret: float | None, outcome: str = "fail") -> Op:
    return Op(0, "press", "r", who, t_inv, t_ret, outcome)  # type: ignore[arg-type]


def read(saw: str | None, t_inv: float, t_ret: float) -> Op:
    return Op(0, "read", "r", saw, t_inv, t_ret, "ok")


WON = press("anna", 1, 3, "ok")
LOST = [press(f"loser {number}", 1.1, 4) for number in range(49)]


@pytest.mark.parametrize(
    "history",
    [
        [],
        [WON, *LOST, read(None, 0, 0.5), read("anna", 5, 6)],
        [WON, press("boris", 0.5, 2)],
        [WON, read(None, 0, 1.5), read("anna", 1.2, 1.4)],
        [press("anna", 1, None, "info"), press("boris", 2, 3), read("anna", 4, 5)],
        [press("anna", 1, None, "info"), press("anna", 4, 5, "ok"), press("boris", 2, 3)],
        [press("anna", 1, None, "info"), *LOST],
        [press("anna", 1, None, "info"), press("anna", 4, 5), press("boris", 2, 7, "ok")],
        [press(f"nobody {number}", 1, None, "info") for number in range(200)] + [WON, read("anna", 4, 5)],
        [WON, press("anna", 5, 6, "ok")],
    ],
)
def test_what_can_be_is_accepted(history: Sequence[Op]) -> None:
    assert linearizable(history)


@pytest.mark.parametrize(
    ("planted", "history"),
    [
        ("two winners", [WON, press("boris", 1, 3, "ok"), *LOST]),
        ("a stale read", [WON, *LOST, read(None, 3.5, 6)]),
        ("a loser before the winner came", [WON, press("boris", 0.1, 0.9)]),
        ("a winner who is lost", [WON, *LOST, read("boris", 5, 6), press("boris", 1, None, "info")]),
        ("a winner of whom nothing is left", [WON, *LOST, read("anna", 3.5, 3.6), read(None, 5, 6)]),
        ("losers without a winner", LOST),
        ("a winner whose repeated press loses", [WON, press("anna", 5, 6)]),
        ("somebody seen who never pressed", [read("boris", 1, 2)]),
    ],
)
def test_what_cannot_be_is_refused(planted: str, history: Sequence[Op]) -> None:
    assert not linearizable(history), planted
    assert refuted([*history, WON._replace(request="another")]) == ["r"]


def test_the_checker_agrees_with_trying_every_order() -> None:
    """On small histories of all sorts, most of which cannot be."""
    chance, seen = random.Random(5), {True: 0, False: 0}
    for _ in range(4000):
        history = [_any_op(chance) for _ in range(chance.randint(1, 5))]
        assert linearizable(history) == _some_order_explains(history), history
        seen[linearizable(history)] += 1
    assert min(seen.values()) > 400


def _any_op(chance: random.Random) -> Op:
    begun, who = chance.randint(0, 6), chance.choice("ab")
    if chance.random() < 0.4:
        return read(chance.choice(["a", "b", None]), begun, begun + chance.randint(0, 4))
    outcome = chance.choice(["ok", "fail", "info"])
    return press(who, begun, None if outcome == "info" else begun + chance.randint(0, 4), outcome)


def _some_order_explains(history: Sequence[Op]) -> bool:
    """Every order of every choice of unknown presses that happened at all."""
    sure = [op for op in history if op.outcome != "info"]
    unsure = [op for op in history if op.outcome == "info"]
    chosen = itertools.chain.from_iterable(itertools.combinations(unsure, n) for n in range(len(unsure) + 1))
    return any(_explains(order) for some in chosen for order in itertools.permutations([*sure, *some]))


def _explains(order: Iterable[Op]) -> bool:
    holder, latest = None, -1.0
    for op in order:
        if op.t_ret is not None and op.t_ret < latest:
            return False
        latest = max(latest, op.t_inv)
        if op.op == "read":
            if op.specialist != holder:
                return False
        elif op.outcome == "fail":
            if holder in {None, op.specialist}:
                return False
        elif op.outcome == "ok" and holder not in {None, op.specialist}:
            return False
        else:
            holder = holder or op.specialist
    return True
