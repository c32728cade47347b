"""The topics, created explicitly: how many partitions each has and how long it remembers."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Topic:
    """One stream of facts. Its partition count is fixed for life: another count is another topic."""

    name: str
    partitions: int = 6
    retention: timedelta | None = None  # None: kept for ever, so that any projection can be rebuilt from the start


TOPICS = {
    topic.name: topic
    for topic in (
        Topic("intake.requests"),
        Topic("intake.orders"),
        Topic("intake.specialists"),
        Topic("chat.conversations"),
        Topic("support.decisions"),
        Topic("partners.facts"),
        Topic("stats.figures", retention=timedelta(days=90)),
    )
}
