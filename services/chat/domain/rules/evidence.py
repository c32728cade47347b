"""The numbers of proof: of what was said, and of who has read it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from libs.kit.rules import Says


@dataclass(frozen=True)
class EvidenceRules:
    """How excerpts are made and ledgers signed."""

    ledger_sealed_every: Annotated[
        timedelta, Says("R14", "Who has read is signed this often, when anything was read; later entries wait so long.")
    ] = timedelta(minutes=5)
    messages_of_excerpt: Annotated[
        int, Says("D18", "So many messages at most are shown or verified at once; each is proved by itself.")
    ] = 50
