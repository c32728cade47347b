"""The free consultation that begins a talk."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from libs.kit.rules import Says


@dataclass(frozen=True)
class ConsultationRules:
    """The house rules of free consultations."""

    length: Annotated[
        timedelta,
        Says("B12", "The free consultation lasts this long, from when the specialist begins it."),
        Field(ge=timedelta(minutes=1), le=timedelta(hours=24)),
    ] = timedelta(minutes=20)
