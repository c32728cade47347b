"""Support, put together."""

from libs.kit.service import Service
from services.support.api import router
from services.support.consumers import consumers
from services.support.jobs import jobs
from services.support.settings import Settings
from services.support.tables import Base

service = Service(
    name="support",
    title="Dovira support",
    router=router,
    metadata=Base.metadata,
    settings=Settings,
    describe="People of the house answer: danger, refusals, and what specialists ask to be struck from their record.",
    tags={
        "tickets": "What specialists ask, and the queue in which support answers.",
        "decisions": "What was decided about a request, version by version.",
        "cases": "Danger, fears and refusals: who answers them, until when, and how it ended.",
        "policies": "The house rules: every number, the rule it comes from, and who changed it.",
    },
    subscribers=[consumers],
    jobs=jobs,
)
