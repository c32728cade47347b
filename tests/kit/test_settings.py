"""Settings: what nothing reads is refused, what is wrong is named, and what is secret stays so."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import SecretStr

from libs.kit.errors import StartRefused
from libs.kit.settings import PlatformSettings, ServiceSettings, read, table


@dataclass(frozen=True)
class Rules:
    """House rules."""

    day: timedelta = timedelta(minutes=20)
    night: timedelta = timedelta(minutes=6)


class Settings(ServiceSettings, env_prefix="SAMPLE_"):
    """A service's."""

    rules: Rules = Rules()
    secret: SecretStr = SecretStr("canary-default")


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SAMPLE_RULES__DAY", "PT15M")
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/postgres")
    monkeypatch.setenv("DOVIRA_ORIGINS", "https://a.example, https://b.example")
    assert read(Settings).rules == Rules(day=timedelta(minutes=15))
    platform = read(PlatformSettings)
    assert platform.production
    assert platform.origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("variable", "near"),
    [("SAMPLE_RULES__DAI", "SAMPLE_RULES__DAY"), ("SAMPLE_RULE", "SAMPLE_RULES"), ("SAMPLE_SECRT", "SAMPLE_SECRET")],
)
def test_a_misspelt_setting_is_refused_with_the_right_spelling(monkeypatch, variable, near):
    monkeypatch.setenv(variable, "1")
    with pytest.raises(StartRefused, match=rf"{variable}\. Did you mean {near}"):
        read(Settings)


def test_a_misspelt_setting_of_the_platform_is_refused(monkeypatch):
    monkeypatch.setenv("DOVIRA_PROT", "8000")
    with pytest.raises(StartRefused, match=r"DOVIRA_PROT\. Did you mean DOVIRA_PORT"):
        read(PlatformSettings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DOVIRA_PORT", "many"), ("ENV", "staging"), ("DOVIRA_ALGORITHMS", "HS256"), ("DOVIRA_SECRET", "short")],
)
def test_a_wrong_value_names_its_variable_and_not_itself(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartRefused, match=f"The setting {variable} is not right") as refused:
        read(PlatformSettings)
    assert value not in str(refused.value)


def test_a_wrong_rule_names_its_variable(monkeypatch):
    monkeypatch.setenv("SAMPLE_RULES__DAY", "soon")
    with pytest.raises(StartRefused, match="SAMPLE_RULES__DAY"):
        read(Settings)


def test_the_table_shows_everything_but_secrets(monkeypatch):
    monkeypatch.setenv("SAMPLE_RULES__DAY", "PT15M")
    monkeypatch.setenv("SAMPLE_SECRET", "canary-set")
    monkeypatch.setenv("SAMPLE_DATABASE_URL", "postgresql://canary@db/x")
    lines = {line.variable: line for line in table(read(Settings))}
    assert lines["SAMPLE_RULES__DAY"].value == "0:15:00"
    assert lines["SAMPLE_RULES__DAY"].changed
    assert not lines["SAMPLE_RULES__NIGHT"].changed
    assert "canary" not in str(lines)
