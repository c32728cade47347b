"""What people send who mean no good, and where the words of those who do are found."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kit.errors import Invalid
from services.intake.domain.orders import LinkUnusable, usable
from tests.canary import tables_with
from tests.intake.shop import LINK, Shop, refusal
from tests.people import ANNA, OLENA

RECORDING = "planned_recording"
USABLE = [
    LINK, "https://disk.yandex.ru/i/abc_-=?&a=b#c", "https://xn--e1afmkfd.xn--p1ai/", "https://a.bg:8443/x",
    "https://youtu.be/" + "x" * 1982,
]  # fmt: skip
UNUSABLE = [
    "", " ", "javascript:alert(1)", "JaVaScRiPt:alert(1)//https://a.bg", "data:text/html,x", "http://a.bg/x", "ftp://a.bg",
    "vbscript:x", "//a.bg/x", "/x", "a.bg/x", "https:a.bg", "https:///x", "https://", "https://localhost/x",
    "https://127.0.0.1/x", "https://[::1]/x", "https://2130706433/", "https://0x7f.1/", "https://127.1/",
    "https://good.bg@evil.bg/", "https://good.bg:x@evil.bg/", "https://evil.bg\\@good.bg/", "https:\\\\evil.bg/",
    "https://a.bg/\n", "https://a.bg/\x00", "\thttps://a.bg/", "https://a.bg/ x", "https://a.bg/\u202egpj.exe",
    "https://\u0430pple.com/", "https://a.bg:0/", "https://a.bg:99999/", "https://a.bg:x/", "https://printer.local/",
    "https://db.internal/", "https://.bg/", "https://a..bg/", "https://a_b/", "https://" + "a" * 2000 + ".bg/",
]  # fmt: skip


@pytest.mark.parametrize("link", USABLE)
def test_c1_a_link_to_a_result_is_kept_as_it_is(link: str) -> None:
    assert usable(link) == link


@pytest.mark.parametrize("link", UNUSABLE)
def test_c1_a_link_that_goes_elsewhere_than_it_seems_is_refused(link: str) -> None:
    """Other schemes, other hosts than the eye reads, networks that are nobody else's business."""
    with pytest.raises(LinkUnusable):
        usable(link)


@given(st.text() | st.text(alphabet="htps:/.@[]\\ a0%?#-", max_size=40).map(lambda rest: "https://" + rest))
def test_a_link_is_usable_or_refused_and_nothing_else(link: str) -> None:
    with contextlib.suppress(Invalid):
        assert usable(link).startswith("https://")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://good.bg@evil.bg/", "https://a.bg/\x00", "x" * 2001])
async def test_an_unusable_link_delivers_nothing(shop: Shop, link: str) -> None:
    """And is not repeated in the refusal."""
    await shop.offers(RECORDING)
    order = await shop.started(RECORDING)
    answer = await shop.post(f"orders/{order}/delivery", ANNA, link=link)
    assert answer.status_code == 422
    assert link not in answer.text
    assert (await shop.seen(order))["state"] == "started"


@pytest.mark.parametrize(
    "told",
    [
        {"questions": []}, {"questions": ["a"] * 201}, {"questions": [""]}, {"questions": [" \n "]},
        {"questions": ["a\x00b"]}, {"questions": ["a" * 8001]}, {"questions": "a"}, {"questions": [1]},
        {"questions": [["a"]]}, {"questions": None}, {"terms_version": 0},
        {"terms_version": 2**31}, {"terms_version": "one"}, {"kind": "miracle"}, {"specialist_id": "anna"},
        {"paid_at": "2026-01-01T00:00:00Z"}, {"urgency": "urgent"},
    ],
    ids=str,
)  # fmt: skip
async def test_an_order_that_cannot_be_meant_is_refused(shop: Shop, told: dict[str, Any]) -> None:
    """Sizes, shapes, null characters and halves of characters: 422, and nothing is kept."""
    await shop.offers("one_question")
    asked: dict[str, Any] = {
        "specialist_id": str(ANNA.id),
        "kind": "one_question",
        "terms_version": 1,
        "questions": ["?"],
    } | told
    assert refusal(await shop.post("orders", OLENA, **asked)) == (422, "invalid_request")
    assert await shop.rows("SELECT 1 FROM orders") == []


async def test_half_a_character_is_refused(shop: Shop) -> None:
    """JSON can say it, and no database can keep it."""
    await shop.offers("one_question")
    asked = f'{{"specialist_id":"{ANNA.id}","kind":"one_question","terms_version":1,"questions":["\\ud800"]}}'
    headers = shop.as_(OLENA, key="half") | {"Content-Type": "application/json"}
    assert refusal(await shop.http.post("orders", content=asked, headers=headers)) == (422, "invalid_request")


async def test_a_body_that_is_too_large_is_refused(shop: Shop) -> None:
    await shop.offers(RECORDING)
    assert (await shop.order(RECORDING, asked=["я" * 8000] * 200)).status_code in {409, 413, 422}
    assert await shop.rows("SELECT 1 FROM orders") == []


async def test_words_of_an_order_are_for_its_two_sides_alone(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """In no table, no event, no kept answer, no log, no refusal; the link neither. Both read them again."""
    await shop.offers(RECORDING, "one_question")
    canary, path = "канарка-7391", "https://canary7391.example/r"
    order = await shop.placed(RECORDING, asked=[f"{canary} one"])
    await shop.done(f"orders/{order}/questions", OLENA, questions=[f"{canary} two"])
    await shop.done(f"orders/{order}/changes", OLENA, questions=[f"{canary} three"])
    await shop.done(f"orders/{order}/payment", OLENA)
    await shop.done(f"orders/{order}/start", ANNA)
    await shop.done(f"orders/{order}/delivery", ANNA, link=path)
    refused = [
        await shop.post(f"orders/{order}/questions", OLENA, questions=[canary]),
        await shop.order("one_question", asked=[canary, canary]),
        await shop.order(RECORDING, asked=[f"{canary}\x00"]),
        await shop.order(RECORDING, asked=[canary * 500]),
    ]
    assert [answer.is_success for answer in refused] == [False] * 4
    assert not any(canary in answer.text for answer in refused)
    assert await tables_with(shop.intake, canary) == set()
    assert await tables_with(shop.intake, path) == set()
    assert canary not in capsys.readouterr().out
    for side in (OLENA, ANNA):
        found = (await shop.get(f"orders/{order}/questions", side)).json()["questions"]
        assert [each["words"] for each in found] == [f"{canary} three"]
        assert canary not in (await shop.get(f"orders/{order}/status", side)).text
        assert (await shop.get("orders", side)).text.count("canary7391") == 0


async def test_sealed_words_cannot_be_moved_to_another_order(shop: Shop) -> None:
    """Whoever writes into the database cannot make somebody read what another asked."""
    await shop.offers(RECORDING)
    mine, yours = await shop.placed(RECORDING), await shop.placed(RECORDING)
    async with shop.intake.database.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE order_words SET words = (SELECT words FROM order_words WHERE order_id = $1) WHERE order_id = $2",
            (mine, yours),
        )
    assert (await shop.get(f"orders/{mine}/questions")).status_code == 200
    assert (await shop.get(f"orders/{yours}/questions")).status_code == 500
