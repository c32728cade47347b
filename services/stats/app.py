"""Stats, put together."""

from libs.kit.service import Service
from services.stats.api import routes
from services.stats.consumers import figures
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
        "figures": "Figures by days on which engagements began, and the engagements behind them.",
        "changes": "What changed in the figures, when, and which event or decision was the reason.",
    },
    subscribers=[figures],
)
