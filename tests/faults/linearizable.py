"""Whether a race, as it was seen from outside, could have happened one step after another (Wing, Gong, Lowe).

A request is a register that can be claimed once: nobody has it, and then one specialist has it for good.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple


class Op(NamedTuple):
    """A press or a read: when it was begun, when its answer came, and what that was.

    A press is `ok` for who won, `fail` for who came later, and `info` when nobody knows. A read saw its specialist.
    """

    proc: int
    op: Literal["press", "read"]
    request: str
    specialist: str | None
    t_inv: float
    t_ret: float | None
    outcome: Literal["ok", "fail", "info"]


def refuted(history: Iterable[Op]) -> list[str]:
    """The requests whose history no order of single steps explains."""
    by_request: dict[str, list[Op]] = defaultdict(list)
    for op in history:
        by_request[op.request].append(op)
    return [request for request, ops in by_request.items() if not linearizable(ops)]


def linearizable(history: Iterable[Op]) -> bool:
    """Search for an order; where the search has been, it does not look again."""
    ops = _that_matter(list(history))
    answered = sum(1 << at for at, op in enumerate(ops) if op.outcome != "info")
    been, ahead = set[tuple[int, str | None]](), list[tuple[int, str | None]]([(0, None)])
    while ahead:
        done, holder = ahead.pop()
        done = _with_all_that_agrees(ops, done, holder)
        if done & answered == answered:
            return True
        if (done, holder) not in been:
            been.add((done, holder))
            ahead += [(done | 1 << at, ops[at].specialist) for at in _next(ops, done) if _claims(ops[at], holder)]
    return False


def _that_matter(ops: Sequence[Op]) -> list[Op]:
    """Once somebody is known to have won, unknown presses of all others cannot have: they are left out.

    As long as nobody is known, each of them may be what the losers lost to.
    """
    winners = {op.specialist for op in ops if op.outcome == "ok"} - {None}
    return [
        op for op in ops if op.outcome != "info" or (op.op == "press" and op.specialist in (winners or {op.specialist}))
    ]


def _with_all_that_agrees(ops: Sequence[Op], done: int, holder: str | None) -> int:
    """Steps that change nothing are taken as soon as they can be, for that hinders no other."""
    while agree := sum(1 << at for at in _next(ops, done) if _agrees(ops[at], holder)):
        done |= agree
    return done


def _next(ops: Sequence[Op], done: int) -> Iterator[int]:
    """The steps that may come now: those begun before any other one had ended."""
    left = [at for at in range(len(ops)) if not done >> at & 1]
    ends = min((_end(ops[at]) for at in left), default=math.inf)
    return (at for at in left if ops[at].t_inv <= ends)


def _agrees(op: Op, holder: str | None) -> bool:
    """Whether this is what somebody sees who comes now, and leaves all as it is."""
    if op.op == "press" and op.outcome == "fail":
        return holder not in {None, op.specialist}
    return holder == op.specialist


def _claims(op: Op, holder: str | None) -> bool:
    return holder is None and op.op == "press" and op.outcome != "fail"


def _end(op: Op) -> float:
    return math.inf if op.t_ret is None else op.t_ret
