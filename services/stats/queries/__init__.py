"""What specialists may know of their figures, and support of its tenant's."""

from services.stats.queries.builds import Build, build, build_at, builds
from services.stats.queries.changes import changes
from services.stats.queries.figures import Basis, basis, cells, counted, explanation, read_figures
from services.stats.queries.whatif import supposed

__all__ = [
    "Basis",
    "Build",
    "basis",
    "build",
    "build_at",
    "builds",
    "cells",
    "changes",
    "counted",
    "explanation",
    "read_figures",
    "supposed",
]
