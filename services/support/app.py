"""Support, put together."""

from libs.kit.service import Service
from services.support.api import routes
from services.support.consumers import consumers
from services.support.settings import Settings
from services.support.tables import Base

service = Service(
    name="support",
    title="Dovira support",
    router=routes,
    metadata=Base.metadata,
    settings=Settings,
    describe="Specialists ask for requests to be struck from their record; support decides, and can decide again.",
    tags={
        "tickets": "What specialists ask, and the queue in which support answers.",
        "decisions": "What was decided about a request, version by version.",
    },
    subscribers=[consumers],
)
