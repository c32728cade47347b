"""Stats, put together."""

from libs.kit.service import Service
from services.stats.api import routes
from services.stats.consumers import figures
from services.stats.jobs import jobs
from services.stats.settings import Settings
from services.stats.tables import Base

service = Service(
    name="stats",
    title="Dovira stats",
    router=routes,
    metadata=Base.metadata,
    settings=Settings,
    describe="What became of the requests a specialist took: as it is known now, as it was known then, and why.",
    tags={
        "figures": "A specialist's figures beside the platform's, the cases behind them, and what decisions would do.",
        "changes": "What changed in the figures, when, and which event or decision was the reason.",
        "statuses": "What months made of a specialist.",
        "rating": "What clients may know.",
        "platform": "What figures are compared with, and the house's choices.",
        "builds": "Building all figures anew beside the live ones.",
    },
    subscribers=[figures],
    jobs=jobs,
)
