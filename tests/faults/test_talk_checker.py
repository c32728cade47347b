"""The checker of conversations: it has nothing to say of a good one, and names what is wrong with any other."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.talks import History, Said, Stretch, Try, faults

SEATS = {"t": frozenset({"anna", "olena"})}
A, B, C = (Said(n, who, f"m{n}", f"body {n}") for n, who in ((1, "anna"), (2, "olena"), (3, "anna")))


def tried(said: Said, invoked: float, returned: float | None, seq: int | None) -> Try:
    return Try("t", said.sender, said.message, said.body, invoked, returned, seq)


def small(
    *, tries: Sequence[Try] = (tried(A, 1, 2, 1), tried(B, 3, 4, 2), tried(C, 3, None, None)),
    given: Sequence[Stretch] = (Stretch("t", "phone", "olena", 0, [A, B, C]),), end: Sequence[Said] = (A, B, C),
) -> History:  # fmt: skip
    return History(SEATS, list(tries), list(given), {"t": end})


def phone(*said: Said, after: int = 0, reader: str = "olena") -> Stretch:
    return Stretch("t", "phone", reader, after, said)


@pytest.mark.parametrize(
    "history",
    [
        History(SEATS),
        small(),
        small(end=[A, B], given=[phone(A, B)]),
        small(given=[phone(A), phone(B, C, after=1)]),
        small(given=[phone(C, after=2), phone(A, B)]),
        small(given=[phone(A), phone(after=1), phone(B, C, after=1), Stretch("t", "new phone", "olena", 0, [A, B, C])]),
        small(given=[]),
        small(tries=[tried(A, 1, None, None), tried(A, 5, 6, 1), tried(B, 2, 8, 2), tried(C, 3, 4, 3)]),
        small(given=[phone(A, B, C), phone(reader="boris")]),
    ],
)
def test_what_can_be_is_not_complained_of(history: History) -> None:
    assert faults(history) == []


@pytest.mark.parametrize(
    ("kind", "history"),
    [
        ("lost", small(end=[A, C._replace(seq=2)], given=[])),
        ("lost", small(end=[A], given=[phone(A)])),
        ("lost", small(end=[A, B], given=[phone(A, B, C)])),
        ("duplicated", small(end=[A, B, C, A._replace(seq=4)], given=[])),
        ("duplicated", small(given=[phone(A, B, B, C)])),
        ("duplicated", small(given=[phone(A, B), phone(B, C, after=2)])),
        ("reordered", small(tries=[tried(A, 3, 4, 1), tried(B, 1, 2, 2), tried(C, 5, 6, 3)])),
        ("reordered", small(tries=[tried(A, 5, None, None), tried(B, 1, 2, 2), tried(C, 3, 4, 3)])),
        ("skipped", small(given=[phone(A, C), phone(B, C, after=1)])),
        ("skipped", small(given=[phone(B, A, C)])),
        ("skipped", small(given=[phone(A), phone(C, after=1), phone(A, B, C)])),
        ("invented", small(end=[A, B, C, Said(4, "anna", "m4", "")], given=[])),
        ("invented", small(given=[phone(A, B, C, Said(4, "anna", "m4", ""))])),
        ("altered", small(end=[A, B._replace(body="else"), C], given=[])),
        ("altered", small(end=[A, B._replace(sender="anna"), C], given=[])),
        ("altered", small(given=[phone(A, B._replace(body="else"), C)])),
        ("gap", small(end=[A, B, C._replace(seq=4)], given=[])),
        ("gap", small(end=[B, C], given=[])),
        ("told otherwise", small(tries=[tried(A, 1, 2, 1), tried(A, 3, 4, 2), tried(B, 3, 4, 2), tried(C, 5, 6, 3)])),
        ("behind", small(given=[phone(A, B)])),
        ("behind", small(given=[phone(A), phone(C, after=2)])),
        ("leaked", small(given=[phone(A, B, C), phone(A, reader="boris")])),
        ("leaked", History({**SEATS, "u": frozenset()}, [tried(A, 1, 2, 1)], [], {"t": [A], "u": [A]})),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(kind: str, history: History) -> None:
    assert kind in {fault.kind for fault in faults(history)}


def good(chance: random.Random, *, messages: int, talks: int = 1, devices: int = 4, cuts: int = 3) -> History:
    """People who write at the same time, whose answers get lost, who try again, break off and go on."""
    seats = {f"t{n}": frozenset({f"client {n}", f"anna {n}"}) for n in range(talks)}
    history = History(seats, ends={talk: [] for talk in seats})
    ends: dict[str, list[Said]] = {talk: [] for talk in seats}
    now = 0.0
    for number in range(messages):
        talk, now = f"t{number % talks}", now + chance.random()
        sender = chance.choice(sorted(seats[talk]))
        said = Said(len(ends[talk]) + 1, sender, f"m{number}", f"body {number}")
        one = Try(talk, sender, said.message, said.body, now - 2 * chance.random(), None, None)
        told = one._replace(returned=now + 2 * chance.random(), seq=said.seq)
        if chance.random() < 0.1:
            history.tries.append(one)  # nobody knows; one of two arrived after all
            if chance.random() < 0.5:
                continue
        else:
            again = [told._replace(invoked=now + 3, returned=now + 4)] if chance.random() < 0.2 else []
            history.tries += [one] * (chance.random() < 0.2) + [told] + again
        ends[talk].append(said)
    history.ends.update(ends)
    for talk, end in ends.items():
        for device in range(devices):
            reader = sorted(seats[talk])[device % 2]
            at = sorted(chance.randint(0, len(end)) for _ in range(cuts))
            history.stretches += [
                Stretch(talk, f"{talk} {device}", reader, start, end[start:until])
                for start, until in zip([0, *at], [*at, len(end)], strict=True)
            ]
    return history


def lose(history: History, chance: random.Random) -> str:
    """An acknowledged message is gone, and those after it have moved up."""
    talk, end, at = _spot(history, chance, {each.message for each in history.tries if each.seq})
    history.ends[talk] = [*end[:at], *(said._replace(seq=said.seq - 1) for said in end[at + 1 :])]
    history.stretches.clear()
    return "lost"


def lose_last(history: History, chance: random.Random) -> str:
    """Nobody is told of a message any more that somebody was given."""
    talk, end, _ = _spot(history, chance)
    history.ends[talk] = end[:-1]
    return "lost"


def duplicate(history: History, chance: random.Random) -> str:
    talk, end, at = _spot(history, chance)
    history.ends[talk] = [*end, end[at]._replace(seq=len(end) + 1)]
    return "duplicated"


def give_twice(history: History, chance: random.Random) -> str:
    at, stretch, n = _given(history, chance)
    history.stretches[at] = stretch._replace(said=[*stretch.said[: n + 1], *stretch.said[n:]])
    return "duplicated"


def skip(history: History, chance: random.Random) -> str:
    """A device is not given one, though it is given the next."""
    at, stretch, n = _given(history, chance, least=2)
    n = min(n, len(stretch.said) - 2)
    history.stretches[at] = stretch._replace(said=[*stretch.said[:n], *stretch.said[n + 1 :]])
    return "skipped"


def swap_for_one(history: History, chance: random.Random) -> str:
    """Two come to a device in the wrong order."""
    at, stretch, n = _given(history, chance, least=2)
    n = min(n, len(stretch.said) - 2)
    said = list(stretch.said)
    said[n], said[n + 1] = said[n + 1], said[n]
    history.stretches[at] = stretch._replace(said=said)
    return "skipped"


def swap(history: History, chance: random.Random) -> str:
    """A message that was sent after another one's acknowledgement comes before it."""
    talk, end, _ = _spot(history, chance)
    last = end[-1]
    history.tries.append(Try(talk, last.sender, "late", "", 1e9, 1e9 + 1, len(end)))
    history.ends[talk] = [*end[:-1], Said(len(end), last.sender, "late", ""), last._replace(seq=len(end) + 1)]
    history.tries = [each for each in history.tries if each.message != last.message]
    history.tries.append(Try(talk, last.sender, last.message, last.body, 0, 1, len(end) + 1))
    return "reordered"


def invent(history: History, chance: random.Random) -> str:
    talk, end, _ = _spot(history, chance)
    history.ends[talk] = [*end, Said(len(end) + 1, end[0].sender, "nobody's", "")]
    return "invented"


def alter(history: History, chance: random.Random) -> str:
    talk, end, at = _spot(history, chance)
    history.ends[talk] = [*end[:at], end[at]._replace(body="other words"), *end[at + 1 :]]
    return "altered"


def alter_for_one(history: History, chance: random.Random) -> str:
    at, stretch, n = _given(history, chance)
    altered = stretch.said[n]._replace(body="other words")
    history.stretches[at] = stretch._replace(said=[*stretch.said[:n], altered, *stretch.said[n + 1 :]])
    return "altered"


def leave_behind(history: History, chance: random.Random) -> str:
    """A device is not given the end, whatever it does."""
    _, stretch, _ = _given(history, chance)
    last = len(history.ends[stretch.talk])
    history.stretches = [
        each._replace(said=[said for said in each.said if said.seq != last]) if each.device == stretch.device else each
        for each in history.stretches
    ]
    return "behind"


def leak(history: History, chance: random.Random) -> str:
    _, stretch, _ = _given(history, chance)
    history.stretches.append(stretch._replace(device="a stranger's", reader="stranger"))
    return "leaked"


def leave_out_a_number(history: History, chance: random.Random) -> str:
    talk, end, at = _spot(history, chance)
    history.ends[talk] = [*end[:at], *(said._replace(seq=said.seq + 1) for said in end[at:])]
    return "gap"


MUTANTS: Sequence[Callable[[History, random.Random], str]] = (
    lose, lose_last, duplicate, give_twice, skip, swap_for_one, swap, invent, alter, alter_for_one, leave_behind, leak,
    leave_out_a_number,
)  # fmt: skip


@given(seed=st.integers(0, 2**32), messages=st.integers(0, 40), talks=st.integers(1, 3), cuts=st.integers(0, 6))
def test_nothing_good_is_complained_of(seed: int, messages: int, talks: int, cuts: int) -> None:
    assert faults(good(random.Random(seed), messages=messages, talks=talks, cuts=cuts)) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
@given(seed=st.integers(0, 2**32), messages=st.integers(12, 30), talks=st.integers(1, 2), cuts=st.integers(0, 2))
def test_every_mutant_is_caught(
    mutant: Callable[[History, random.Random], str], seed: int, messages: int, talks: int, cuts: int
) -> None:
    chance = random.Random(seed)
    history = good(chance, messages=messages, talks=talks, cuts=cuts)
    expected = mutant(history, chance)
    assert expected in {fault.kind for fault in faults(history)}


def test_a_hundred_thousand_messages_are_checked_in_seconds() -> None:
    """With one of each sort planted among them."""
    chance = random.Random(6)
    history = good(chance, messages=100_000, talks=200, cuts=12)
    began = time.process_time()
    assert faults(history) == []
    took = time.process_time() - began
    expected = Counter(mutant(history, chance) for mutant in MUTANTS if mutant is not lose)
    found: Counter[str] = Counter(fault.kind for fault in faults(history))
    assert not expected.keys() - found.keys()
    assert took < 10


def _spot(history: History, chance: random.Random, among: set[str] | None = None) -> tuple[str, list[Said], int]:
    """Some message of some conversation."""
    talk = chance.choice([talk for talk, end in history.ends.items() if _those(end, among)])
    end = list(history.ends[talk])
    return talk, end, chance.choice(_those(end, among))


def _those(end: Sequence[Said], among: set[str] | None) -> list[int]:
    return [at for at, said in enumerate(end) if among is None or said.message in among]


def _given(history: History, chance: random.Random, *, least: int = 1) -> tuple[int, Stretch, int]:
    """Some message that some device was given."""
    long = [at for at, each in enumerate(history.stretches) if len(each.said) >= least]
    at = chance.choice(long)
    return at, history.stretches[at], chance.randrange(len(history.stretches[at].said))
