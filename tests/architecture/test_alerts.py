"""What the page for operators has Prometheus ask exists here: each metric, each of its labels, and what those say."""

import re
from pathlib import Path
from typing import Any, Final, get_args

import prometheus_client
import pytest
from prometheus_client.metrics import MetricWrapperBase

import libs.bus.metrics
import libs.kit.metrics
import services.stats.jobs
import services.support.jobs
from libs.events.support import CaseKind

PAGE: Final = Path("docs/operating.md")
MODULES: Final = (libs.bus.metrics, libs.kit.metrics, services.stats.jobs, services.support.jobs)
# What PromQL itself has, as far as the page needs it; anything else that is a word is the name of something.
WORDS: Final = {"max", "min", "sum", "count", "by", "without", "rate", "increase", "absent", "or", "and", "unless"}
TOKEN: Final = re.compile(r'"[^"]*"|\[\w+\]|\{|\}|\(|\)|=~|!~|!=|[=<>,]+|[A-Za-z_:][\w:]*|[\d.]+|\S')
SAYS: Final[dict[tuple[str, str], set[str]]] = {
    ("dovira_cases_open", "kind"): set(get_args(CaseKind)),
    ("dovira_job_runs_total", "service"): {app.parent.name for app in Path("services").glob("*/app.py")},
    ("dovira_job_runs_total", "job"): {job.name for module in MODULES for job in getattr(module, "jobs", ())},
    ("dovira_job_runs_total", "outcome"): {"done", "failed"},
}


def declared() -> dict[str, tuple[str, ...]]:
    """Every metric as Prometheus sees it, with its labels."""
    found = {}
    for value in (value for module in MODULES for value in vars(module).values()):
        match value:
            case prometheus_client.Counter():
                found[f"{value._name}_total"] = value._labelnames
            case prometheus_client.Histogram():
                found |= {f"{value._name}{part}": value._labelnames for part in ("", "_bucket", "_sum", "_count")}
            case MetricWrapperBase():
                found[value._name] = value._labelnames
    return found


def alerts(page: str) -> dict[str, str]:
    """By name, what each asks."""
    blocks = "\n".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    asked = re.findall(r"- alert: (\w+)\n\s+expr: (.*?)(?=\n\s*- alert:|\Z)", blocks, re.DOTALL)
    return {name: " ".join(expression.split()) for name, expression in asked}


def wrong(expression: str) -> list[str]:
    """What an expression names that is not there."""
    known, metric, found = declared(), "", list[str]()
    metrics = [name for name in re.findall(r"[A-Za-z_:][\w:]*", expression) if name in known]
    tokens, depth, grouping, label = TOKEN.findall(expression), 0, False, ""
    for before, token in zip(["", *tokens], tokens, strict=False):
        depth += {"{": 1, "}": -1}.get(token, 0)
        grouping = token == "(" if before in {"by", "without"} else grouping and token != ")"
        if token.startswith('"'):
            allowed = SAYS.get((metric, label))
            found += [each for each in token.strip('"').split("|") if allowed is None or each not in allowed]
        elif not re.match(r"[A-Za-z_:]", token):
            continue
        elif depth:
            label = token
            found += [] if label in known.get(metric, ()) else [label]
        elif grouping:
            found += [] if any(token in known[name] for name in metrics) else [token]
        elif token not in WORDS:
            metric = token
            found += [] if metric in known else [metric]
    return found


@pytest.mark.parametrize(("alert", "expression"), alerts(PAGE.read_text(encoding="utf-8")).items())
def test_what_an_alert_asks_for_is_there(alert: str, expression: str) -> None:
    assert wrong(expression) == [], alert


def test_the_page_has_alerts() -> None:
    assert {"SomebodyIsInDanger", "NobodyTookACase", "NobodyCountsCases"} <= alerts(
        PAGE.read_text(encoding="utf-8")
    ).keys()


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("max by (kind) (dovira_cases_opened) > 0", ["kind", "dovira_cases_opened"]),
        ("max by (sort) (dovira_cases_open) > 0", ["sort"]),
        ('dovira_cases_open{kind=~"danger|fear"}', ["fear"]),
        ('dovira_cases_open{sort="danger"}', ["sort", "danger"]),
        ('rate(dovira_job_runs_total{job="count"}[1m])', ["count"]),
        ("absent(dovira_job_runs)", ["dovira_job_runs"]),
        ("amx(dovira_ready)", ["amx"]),
        ("sum(rate(http_server_request_duration_seconds_count[1m]))", []),
    ],
)
def test_a_slip_of_the_pen_is_noticed(expression: str, names: list[str]) -> None:
    assert wrong(expression) == names


def test_the_page_names_every_metric_and_none_that_is_not_there() -> None:
    """In its table, and wherever else it speaks of one."""
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:bus|dovira|http_server)_\w+)`", page)) - DATABASES
    there: set[Any] = {name for name in declared() if not name.endswith(("_bucket", "_sum", "_count"))}
    assert named == there


DATABASES: Final = {"dovira_chat_keys"}
