"""Chat, put together."""

from libs.kit.service import Service
from services.chat.api import routes
from services.chat.consumers import consumers
from services.chat.settings import Settings
from services.chat.tables import Base

service = Service(
    name="chat",
    title="Dovira chat",
    router=routes,
    metadata=Base.metadata,
    settings=Settings,
    describe="Conversations between a client and the specialist who accepted their request. Nobody else reads them.",
    tags={"conversations": "What the two sides of an accepted request say to one another."},
    subscribers=[consumers],
)
