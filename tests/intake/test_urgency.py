"""The first word of a message, and whether it says that it is urgent."""

# ruff: noqa: RUF001 - letters that look alike are what this is about
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.orders import says_urgent
from services.intake.domain.orders.urgency import LOOKED_AT

URGENT = [
    "Экстренно! Не могу дышать",
    "срочно",
    "СРОЧНО нужна помощь",
    "Срочно, пожалуйста",
    "терміново потрібна порада",
    "Терміново!!!",
    "Екстрено: син не відповідає",
    "невідкладно",
    "Негайно",
    "спешно ми трябва помощ",
    "СПЕШНО",
    "Незабавно",
    "SOS",
    "sos помогите",
    "Sos!",
    "СОС",
    "urgent",
    "URGENT: please call",
    "Urgently need an answer",
    "Emergency",
    "srochno pomogite",
    "Terminovo",
    "  \n\t срочно",
    "!!! срочно",
    "*срочно*",
    "«Срочно»",
    "— терміново",
    "... sos",
    "🆘",
    "🆘🆘 помогите",
    "😭😭 срочно",
    "👩‍👩‍👧 terminovo",
    "\u200bсрочно",
    "\ufeffсрочно",
    "с\u200bро\u00adчно",
    "сро\u0301чно",
    "cpoчнo",  # c, p and o are Latin
    "CPOЧHO",  # and here H too
    "SОS",  # the O is Cyrillic
    "ЅОЅ",  # all of it is
    "теρmiново",  # rho is Greek, m and i are Latin
    "υrgent".replace("υ", "u"),
    "ｓｏｓ",
    "𝐒𝐎𝐒",
    "S.O.S.",
    "S O S, помогите",
    "с-о-с",
    "срочноооо",
    "СРОООЧНО",
    "экстрено",  # a common slip of the pen
    "срочно-срочно",
    "срочно.Помогите",
    "срочно/terminovo",
]
NOT_URGENT = [
    "",
    " ",
    "!!!",
    "😭",
    "---",
    "срочность не важна",
    "Срочности нет",
    "срочный вопрос? нет, обычный",
    "не срочно",
    "Не срочно, когда будет время",
    "несрочно",
    "not urgent",
    "non-urgent",
    "не терміново",
    "термінова",
    "терміновість",
    "неспешно",
    "не спешно",
    "спешност",
    "неекстрено",
    "Здравствуйте, срочно",
    "Добрый день! Срочно!",
    "это sos",
    "сосна за окном",
    "соседка",
    "sosна",
    "sos-деревня",
    "срочно-обморочно",
    "urgency",
    "urgentissimo",
    "urg ent",
    "emergencies happen",
    "S. O. Smith",
    "so s",
    "so",
    "1 срочно",
    "срочно2",
    "x" * LOOKED_AT + " срочно",
    "." * LOOKED_AT + "срочно",
    "когда срочно, я пишу срочно",
]


@pytest.mark.parametrize("message", URGENT)
def test_c12_a_first_word_says_that_it_is_urgent(message: str) -> None:
    """In any of the languages and scripts, whatever stands before it that is no word."""
    assert says_urgent(message)


@pytest.mark.parametrize("message", NOT_URGENT)
def test_c12_near_misses_are_not_urgent(message: str) -> None:
    """Another word, another form, or the word in another place."""
    assert not says_urgent(message)


@given(st.text())
def test_c12_only_the_beginning_counts(message: str) -> None:
    """Whatever follows, and however long it is."""
    assert says_urgent(message) == says_urgent(message[:LOOKED_AT])
    if message and message[0].isalpha():
        assert not says_urgent("ні " + message)


@given(st.sampled_from(URGENT), st.text(alphabet=" \n\t!?.,*«»—\u200b\u2060😭", max_size=20))
def test_c12_what_is_no_word_stands_in_nobodys_way(message: str, before: str) -> None:
    """Punctuation, spaces, the invisible and emoji."""
    assert says_urgent(before + message)


@pytest.mark.parametrize("message", ["ﷺ" * 8000, "\u0301" * 8000, "🆘" * 8000, "с-" * 4000, "-" * 8000, "о" * 8000])
def test_c12_looking_takes_no_time(message: str) -> None:
    """Whatever somebody thinks up, and however it grows when it is made comparable."""
    began = time.process_time()
    for _ in range(20):
        says_urgent(message)
    assert time.process_time() - began < 5  # a hundred times what it is
