"""Helplines: true, fresh, in pairs, and there when nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.kit import clock
from libs.kit.helplines import HELPLINES, UNION, Helpline, helplines_for
from libs.kit.migrate import upgrade
from libs.kit.postgres import Cluster
from libs.kit.provision import provision
from libs.kit.service import Running, Surroundings
from services.intake.app import service

FRESH = timedelta(days=180)
COUNTRIES = [None, "", "UA", "ua", "BG", "RU", "DE", "EU", "US", "ZZ", "\x00", "Ukraine", "🇺🇦"]
LANGUAGES = [None, "", "uk", "RU", "bg", "en", "de", "\x00", "x" * 500]


def stale(lines: Any, today: date) -> list[str]:
    """Lines that nobody has looked at for too long."""
    return [line.name for line in lines if not timedelta(0) <= today - line.verified_at <= FRESH]


def shown(country: str | None, language: str | None, **among: Any) -> set[str]:
    return {line.name for line in helplines_for(country, language, **among)}


def test_every_line_was_verified_within_180_days() -> None:
    """When this fails: read each source, correct what has changed, and write the day beside it."""
    assert stale(HELPLINES, clock.now().date()) == []


def test_a_line_that_was_verified_too_long_ago_is_found() -> None:
    """After exactly 180 days it still holds; a day later, or verified tomorrow, it does not."""
    today = date(2026, 11, 22)
    lines = [replace(HELPLINES[0], name=str(days), verified_at=today - timedelta(days)) for days in (0, 180, 181, -1)]
    assert stale(lines, today) == ["181", "-1"]


def test_every_line_says_whose_it_is() -> None:
    """A number to call, hours, and a page of its keepers."""
    for line in HELPLINES:
        assert line.phones
        assert all(any(sign.isdigit() for sign in phone) for phone in line.phones)
        assert line.hours
        assert line.source.startswith("https://")


@pytest.mark.parametrize(
    ("country", "language", "phones"),
    [
        ("UA", "uk", [("7333",)]), ("UA", "ru", [("7333",)]), ("BG", "bg", [("116 111",), ("112",)]),
        ("RU", "ru", [("8 800 2000 122", "124")]), ("DE", "en", [("112",)]), (None, "uk", [("7333",), ("112",)]),
        (None, "ru", [("8 800 2000 122", "124"), ("112",)]), (None, "bg", [("116 111",), ("112",)]),
        ("US", "en", [("112",)]), (None, None, [("112",)]),
    ],
)  # fmt: skip
def test_b17_a_country_has_its_lines(country: str | None, language: str, phones: list[tuple[str, ...]]) -> None:
    """And where we know of none, those where the language is spoken; the language comes first."""
    assert [line.phones for line in helplines_for(country, language)] == phones


@pytest.mark.parametrize(("country", "language"), list(product(COUNTRIES, LANGUAGES)))
def test_there_is_always_a_line(country: str | None, language: str | None) -> None:
    """Whatever is asked, nobody in danger is answered with nothing."""
    assert helplines_for(country, language)


def test_children_and_adults_are_shown_their_lines_together_or_not_at_all() -> None:
    """A pair in one country, in two languages, beside all that is there."""
    adult = Helpline("PL", ("uk",), "adult", "adult", ("1",), "24/7", "https://a.pl", date(2026, 1, 1))
    child = replace(adult, languages=("pl",), audience="child", name="child")
    assert "PL" in UNION
    for country, language in product([*COUNTRIES, "PL"], [*LANGUAGES, "pl"]):
        names = shown(country, language, among=[child, *HELPLINES, adult])
        assert ("adult" in names) == ("child" in names), (country, language)
    assert {"adult", "child"} <= shown("PL", "en", among=[adult, child]) & shown(None, "uk", among=[adult, child])


class Away:
    """A database that is not there, and of which nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError(name)


async def test_b17_helplines_are_served_without_a_caller_and_without_a_database(
    intake_client: httpx.AsyncClient, intake_service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To be kept by everybody on the way, and for longer when we do not answer."""
    monkeypatch.setattr(intake_service, "database", Away())
    answer = await intake_client.get("helplines", params={"country": "BG", "language": "bg"})
    assert answer.status_code == 200
    assert [(line["phones"], line["audience"]) for line in answer.json()] == [
        (["116 111"], "child"), (["112"], "everybody"),
    ]  # fmt: skip
    kept = answer.headers["Cache-Control"]
    assert "public" in kept
    assert "stale-if-error" in kept


@pytest.mark.parametrize("asked", [{}, {"country": "Україна"}, {"country": "x" * 5000}, {"language": "'; --"}])
async def test_helplines_refuse_nobody(intake_client: httpx.AsyncClient, asked: dict[str, str]) -> None:
    """What cannot be understood is no reason to show nothing."""
    answer = await intake_client.get("helplines", params=asked)
    assert (answer.status_code, bool(answer.json())) == (200, True)


async def test_helplines_outlive_their_database(
    surroundings: Surroundings, serve: Callable[[Any], Any], tmp_path: Path
) -> None:
    """A whole service, over a socket, whose PostgreSQL is stopped."""
    cluster = Cluster.start(tmp_path)
    try:
        url = await provision(cluster.url, "intake")
        await upgrade(service, url)
        async with service.open(surroundings, url) as running:
            address = await serve(running.app)
            async with httpx.AsyncClient(base_url=address) as http:
                before = await http.get("/v1/helplines", params={"country": "UA"})
                cluster.stop()
                assert (await http.get("/readyz")).status_code == 503
                after = await http.get("/v1/helplines", params={"country": "UA"})
            assert (after.status_code, after.json()) == (200, before.json())
    finally:
        cluster.stop()
