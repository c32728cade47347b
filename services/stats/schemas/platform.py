"""What goes over HTTP about what figures are compared with."""

from datetime import date, datetime
from typing import Self

from pydantic import Field, JsonValue

from libs.kit.schemas import Output
from services.stats import domain
from services.stats.domain.priors import MILLION


class PriorView(Output):
    """A share of the platform's specialists: Beta(alpha, beta), whose mean is the average figures are compared with."""

    alpha: float
    beta: float
    average: float


class CurveView(Output):
    """How long cases take: `shares[a]` of those that succeed have done so within a days."""

    shares: list[float]
    horizon: int = Field(description="Days from which on a case is taken for decided.")


class BenchmarkView(Output):
    """What figures are compared with."""

    number: int
    as_of: date
    published_at: datetime
    shares: dict[str, PriorView]
    curves: dict[str, CurveView]
    review_mean: float
    review_spread: float
    review_strength: int

    @classmethod
    def of(cls, published_at: datetime, it: domain.Benchmark) -> Self:
        """As the domain knows it."""
        return cls(
            number=it.number, as_of=it.as_of, published_at=published_at,
            shares={
                figure: PriorView(alpha=prior.alpha, beta=prior.beta, average=prior.mean)
                for figure, prior in it.priors.items()
            },
            curves={
                figure: CurveView(shares=[share / MILLION for share in curve.shares], horizon=curve.horizon)
                for figure, curve in it.curves.items()
            },
            review_mean=it.review_mean, review_spread=it.review_spread, review_strength=it.review_strength,
        )  # fmt: skip


class Benchmarks(Output):
    """Benchmarks, the newest first."""

    items: list[BenchmarkView]


class PolicyView(Output):
    """A version of the house's choices about figures."""

    version: int
    policy: dict[str, JsonValue]

    @classmethod
    def of(cls, version: int, policy: domain.Policy) -> Self:
        """As the domain knows it."""
        return cls(version=version, policy=domain.plain(policy))
