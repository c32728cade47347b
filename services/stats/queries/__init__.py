"""What specialists may know of their figures, and support of its tenant's."""

from services.stats.queries.builds import (
    NAME,
    Build,
    behind,
    build,
    build_at,
    builds,
    held,
    listed,
    policy_at,
    subscriber,
)
from services.stats.queries.changes import changes
from services.stats.queries.figures import Basis, basis, cells, counted, explanation, read_figures
from services.stats.queries.platform import benchmarks, seen
from services.stats.queries.reconcile import mismatches, sampled
from services.stats.queries.statuses import statuses
from services.stats.queries.trend import Point, trend
from services.stats.queries.whatif import supposed

__all__ = [
    "NAME",
    "Basis",
    "Build",
    "Point",
    "basis",
    "behind",
    "benchmarks",
    "build",
    "build_at",
    "builds",
    "cells",
    "changes",
    "counted",
    "explanation",
    "held",
    "listed",
    "mismatches",
    "policy_at",
    "read_figures",
    "sampled",
    "seen",
    "statuses",
    "subscriber",
    "supposed",
    "trend",
]
