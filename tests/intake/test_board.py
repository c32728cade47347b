"""The board of one house, against what is open by a plain list."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.api.board import Board
from services.intake.queries import Card

SHOWS, MOST = 3, 20
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.sampled_from(["open", "open", "gone", "danger", "again"]), st.integers(0, MOST - 1)))


def card(number: int, since: int) -> Card:
    return Card(
        UUID(int=number), "therapy", number, "grief", NOON, NOON + timedelta(seconds=since), "chat",
        urgent=False, direct_to=None, age="unknown", locale="uk", barred=frozenset(),
    )  # fmt: skip


@given(STEPS)
def test_a_board_shows_the_newest_whatever_came_went_and_came_up_again(steps: list[tuple[str, int]]) -> None:
    """And who watches it sees every card that it shows, or is told to begin anew."""
    board, real, watched = Board(SHOWS), dict[int, Card](), set[UUID]()
    for time, (step, number) in enumerate(steps):
        if (step == "open") == (number in real):
            continue
        real[number] = card(number, time if step in {"open", "danger"} else _since(real[number]))
        came = board.take(real[number], gone=step == "gone")
        watched |= {frame.card.id for frame in came} | {UUID(int=number)}
        if step == "gone":
            del real[number]
            watched.remove(UUID(int=number))
        newest = sorted(real.values(), key=lambda each: each.since)
        if board.low and board.fill(newest[-2 * SHOWS :]):
            watched = {frame.card.id for frame in board.shown()}
        assert [frame.card for frame in board.shown()] == newest[-SHOWS:]
        assert watched >= {frame.card.id for frame in board.shown()}
        assert board.hid_some(0) or len(real) <= SHOWS


def _since(known: Card) -> int:
    return int((known.since - NOON).total_seconds())


def test_older_cards_that_come_up_again_take_no_places_before_newer_ones_that_are_not_held() -> None:
    """What is held has no gaps: what is older than the oldest of it is asked for when it is needed."""
    board, cards = Board(SHOWS), [card(number, number) for number in range(4 * SHOWS)]
    board.fill(cards[2 * SHOWS :])
    for gone, again in ((6, 0), (7, 1)):
        board.take(cards[gone], gone=True)
        assert not list(board.take(cards[again], gone=False))
    board.take(cards[8], gone=True)
    assert board.low
    assert [frame.card for frame in board.shown()] == cards[9:]
    assert not list(board.take(cards[2], gone=False))
    board.take(cards[11], gone=True)
    assert board.low
