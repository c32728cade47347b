"""The cast of every test."""

from libs.kit.auth import Principal
from libs.kit.personas import (
    ANNA,
    BORIS,
    HILL,
    MARTA,
    OLENA,
    OMAR,
    SOFIA,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    VERA,
)

__all__ = [
    "ANNA", "BORIS", "HILL", "MARTA", "OLENA", "OMAR", "SOFIA",
    "STRANGE_CLIENT", "STRANGE_SPECIALIST", "STRANGE_SUPPORT", "TARAS", "THERAPY", "VERA", "Principal",
]  # fmt: skip
