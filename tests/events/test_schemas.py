"""Events may grow; what was once said stays readable."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.bus.ids import uuid7
from libs.bus.testing import enveloped
from libs.events import Event, decode, encode
from libs.events.__main__ import GOLDEN, main
from libs.events.schemas import breaks, catalogue
from tests.bus.saying import NOW, said

OPENED = "dovira.intake.RequestOpened.v1"
Change = Callable[[dict[str, Any]], Any]


def test_the_generated_files_are_current() -> None:
    assert main(["--check"]) == 0


def test_the_golden_schemas_hold_every_event() -> None:
    assert json.loads(GOLDEN.read_text()).keys() == Event.catalogue.keys()


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        (lambda s: s[OPENED]["properties"].pop("kind"), "kind is removed"),
        (lambda s: s[OPENED]["properties"]["one_off"].update(type="integer"), "one_off is retyped"),
        (lambda s: s[OPENED]["properties"]["client_id"].pop("format"), "client_id is retyped"),
        (lambda s: s[OPENED]["properties"]["kind"]["enum"].remove("phone"), "kind no longer takes phone"),
        (lambda s: s[OPENED]["required"].append("mood"), "mood is newly required"),
        (lambda s: s.pop(OPENED), "removed"),
    ],
)
def test_a_change_that_old_readers_or_old_records_cannot_bear_is_found(change: Change, said_of_it: str) -> None:
    changed = copy.deepcopy(catalogue())
    change(changed)
    assert breaks(catalogue(), changed) == [f"{OPENED}: {said_of_it}"]


def test_a_renamed_field_is_a_removed_one() -> None:
    changed = copy.deepcopy(catalogue())
    changed[OPENED]["properties"]["sort"] = changed[OPENED]["properties"].pop("kind")
    assert breaks(catalogue(), changed) == [f"{OPENED}: kind is removed"]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[OPENED]["properties"].update(mood={"type": "integer"}),
        lambda s: s[OPENED]["properties"]["kind"]["enum"].append("video"),
        lambda s: s[OPENED]["properties"]["kind"].update(description="How they wish to talk."),
        lambda s: s.update(new=s[OPENED]),
    ],
)
def test_an_addition_is_no_break(change: Change) -> None:
    changed = copy.deepcopy(catalogue())
    change(changed)
    assert breaks(catalogue(), changed) == []


def test_the_gate_stops_a_breaking_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Planted: yesterday's golden file has a field that today's declaration has not."""
    old = copy.deepcopy(catalogue())
    old[OPENED]["properties"]["mood"] = {"type": "integer"}
    (tmp_path / "golden.json").write_text(json.dumps(old))
    monkeypatch.setattr("libs.events.__main__.GOLDEN", tmp_path / "golden.json")
    assert main(["--check"]) == 1
    assert "mood is removed" in capsys.readouterr().err


def test_an_unknown_field_from_a_newer_service_is_ignored() -> None:
    envelope = enveloped(said(uuid7(), 1))
    newer = (
        encode(envelope).replace(b'"data":{', b'"data":{"mood":7,').replace(b'{"specversion"', b'{"x":1,"specversion"')
    )
    assert decode(newer) == envelope


def test_what_is_encoded_is_what_is_decoded() -> None:
    envelope = enveloped(said(uuid7(), 3))
    assert decode(encode(envelope)) == envelope
    assert envelope.time == NOW
