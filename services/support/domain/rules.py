"""The house rules of support as data: each number has the id of the rule it comes from; a tenant may have its own."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le

from libs.kit.rules import Says

Span = Annotated[timedelta, Ge(timedelta(seconds=1)), Le(timedelta(days=90))]


@dataclass(frozen=True)
class CaseRules:
    """How soon somebody takes a case, from when what opened it was said, or from when it was opened again."""

    danger_within: Annotated[
        Span, Says("T2", "So soon somebody of the clinical team takes it up that a client is in danger.")
    ] = timedelta(minutes=15)
    concern_within: Annotated[
        Span, Says("T4", "So soon somebody of the clinical team takes it up that a specialist fears for a client.")
    ] = timedelta(minutes=15)
    refusal_within: Annotated[
        Span, Says("R12", "So soon somebody of support takes up that a specialist ended the work, or wanted to (D11).")
    ] = timedelta(hours=4)


@dataclass(frozen=True)
class Rules:
    """The house rules of one tenant, whole."""

    cases: CaseRules = field(default_factory=CaseRules)
