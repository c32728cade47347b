"""What goes over HTTP about figures."""

from services.stats.schemas.builds import BuildBegun, Builds, BuildView, NewBuild
from services.stats.schemas.figures import ChangeView, ExplainedView, FiguresView, Supposition, WhatIf
from services.stats.schemas.platform import Benchmarks, BenchmarkView, PolicyView
from services.stats.schemas.trends import Months, MonthView, RatingView, Trend, TrendPoint

__all__ = [
    "BenchmarkView",
    "Benchmarks",
    "BuildBegun",
    "BuildView",
    "Builds",
    "ChangeView",
    "ExplainedView",
    "FiguresView",
    "MonthView",
    "Months",
    "NewBuild",
    "PolicyView",
    "RatingView",
    "Supposition",
    "Trend",
    "TrendPoint",
    "WhatIf",
]
