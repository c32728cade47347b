"""Messengers: a login becomes a link to its owner, and nothing that anybody writes becomes a link to elsewhere."""

import re
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.events.intake import Messenger
from libs.kit.messengers import URLS, Login, LoginMalformed, link, login, may_be_shown

MESSENGERS = get_args(Messenger)
NUMBER = "+380 44 123 45 67"
# All that may ever come out, whole: https to four hosts and viber's own scheme, and at the end a name or digits.
POSSIBLE = {
    "telegram": re.compile(r"https://t\.me/[A-Za-z][A-Za-z0-9_]{3,31}"),
    "whatsapp": re.compile(r"https://(wa\.me|msng\.link/wa)/[1-9][0-9]{6,14}"),
    "viber": re.compile(r"(viber://chat\?number=%2B|https://msng\.link/vi/)[1-9][0-9]{6,14}"),
    "signal": re.compile(r"https://signal\.me/#p/\+[1-9][0-9]{6,14}"),
}
HOSTS = {"t.me", "wa.me", "msng.link", "signal.me", "chat"}
HOSTILE = [
    "evil.com", "../evil", "a/../../evil", "//evil.com", "login@evil.com", "javascript:alert(1)", "login?x=1",
    "login#x", "login\n", "login\r\nLocation: evil", "lo gin", "логин", "l\u03bfgin", "", " ", "@", "@@anna_helps", "+",
    "+1", "\x00\x00\x00\x00", "https://t.me/anna_helps", "%2e%2e%2fevil", "+380441234567/../evil", "{}", "{0}", "%s",
    "+380441234567?text=hi", "anna\u202ehelps", "+380441234567@evil.com", "1" * 400,
    "tel:+380441234567;phone-context=evil.com",
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [("forbid", False, False), ("after_first_session", False, True), ("allow", True, True)],
)
def test_d3_a_house_says_from_when_on_people_may_meet_elsewhere(policy: Any, before: bool, after: bool) -> None:
    assert may_be_shown(policy, held=False) is before
    assert may_be_shown(policy, held=True) is after


def test_every_messenger_has_its_links() -> None:
    assert set(URLS) == set(MESSENGERS) == set(POSSIBLE)


@pytest.mark.parametrize(
    ("messenger", "written", "urls"),
    [
        ("telegram", "anna_helps", ["https://t.me/anna_helps"]),
        ("telegram", " @Anna7 ", ["https://t.me/Anna7"]),
        ("whatsapp", NUMBER, ["https://wa.me/380441234567", "https://msng.link/wa/380441234567"]),
        ("whatsapp", "+359 (2) 123-4567", ["https://wa.me/35921234567", "https://msng.link/wa/35921234567"]),
        ("viber", NUMBER, ["viber://chat?number=%2B380441234567", "https://msng.link/vi/380441234567"]),
        ("signal", NUMBER, ["https://signal.me/#p/+380441234567"]),
    ],
)
def test_b13_a_login_becomes_the_links_of_its_messenger(messenger: Any, written: str, urls: list[str]) -> None:
    """The digits of a number come without the plus; its country is never guessed."""
    made = link(messenger, login(messenger, written))
    assert (made.messenger, list(made.urls)) == (messenger, urls)


@pytest.mark.parametrize(
    "name", ["ann", "a" * 33, "7anna", "_anna", "anna_", "an__na", "an-na", "anna.helps", "joinchat", "ShareE"[:5]]
)
def test_b13_a_name_is_as_telegram_has_them(name: str) -> None:
    """4 to 32 letters, digits and single underscores, a letter first; and not what the site keeps for itself."""
    with pytest.raises(LoginMalformed):
        login("telegram", name)


def test_b13_the_longest_and_the_shortest_name_are_names() -> None:
    assert login("telegram", "a" * 32) == "a" * 32
    assert login("telegram", "anna") == "anna"


@pytest.mark.parametrize("messenger", ["whatsapp", "viber", "signal"])
@pytest.mark.parametrize(
    "written",
    [
        "+77777777777", "77777777777", "+7 (777) 777-77-77", "+7/777/777/77/77", "\uff0b" + "\uff17" * 11,
        "tel:+77777777777", "+77777777777 ext 1", "+" + "\u0667" * 11, "+7777777777\u200b7",
    ],
)  # fmt: skip
def test_b2_the_placeholder_is_nobodys_messenger(messenger: Any, written: str) -> None:
    """However it is spelt: libraries call it a number of Kazakhstan."""
    with pytest.raises(LoginMalformed):
        login(messenger, written)


@pytest.mark.parametrize("messenger", ["whatsapp", "viber", "signal"])
@pytest.mark.parametrize(
    "written", ["044 123 45 67", "80441234567", "+999 123456789", "+380 44", "call me", "anna_helps"]
)
def test_b13_a_number_has_its_country_code(messenger: Any, written: str) -> None:
    """No country is assumed."""
    with pytest.raises(LoginMalformed):
        login(messenger, written)


written = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="abcXYZ019_@./:?#%&+-() \t\n\r\\{}\u202e\u0667\uff17\u200b", max_size=60),
    st.builds("".join, st.lists(st.sampled_from([*HOSTILE, NUMBER, "anna_helps", "+380441234567"]), max_size=3)),
    st.from_regex(r"\+[1-9][0-9]{6,14}.{0,5}"),
)


@pytest.mark.parametrize("messenger", MESSENGERS)
@settings(max_examples=400, deadline=None)
@given(text=written)
@example(text="t.me\\@evil.com")
def test_b13_nothing_that_anybody_writes_leads_elsewhere(messenger: Any, text: str) -> None:
    """Every link that comes out has one of our hosts and schemes, and its last part is a name or a number."""
    try:
        made = link(messenger, login(messenger, text))
    except LoginMalformed:
        return
    for url in made.urls:
        assert POSSIBLE[messenger].fullmatch(url)
        parts = urlsplit(url)
        assert parts.hostname in HOSTS
        assert parts.scheme == "https" or (parts.scheme, messenger) == ("viber", "viber")
        assert (parts.username, parts.password, parts.port) == (None, None, None)


@pytest.mark.parametrize("messenger", MESSENGERS)
@pytest.mark.parametrize("kept", HOSTILE)
def test_b13_a_kept_login_is_looked_at_again(messenger: Any, kept: str) -> None:
    """Whoever gets to write into the table gets no further."""
    with pytest.raises(LoginMalformed):
        link(messenger, Login(kept))
