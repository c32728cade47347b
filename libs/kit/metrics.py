"""What Prometheus sees of HTTP. Labels are bounded: route templates, never ids."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

DURATION: Final = Histogram(
    "http_server_request_duration_seconds",
    "How long requests took, from first byte in to last byte out.",
    ["service", "http_request_method", "http_route", "http_response_status_code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
ACTIVE: Final = Gauge("http_server_active_requests", "Requests under way, open streams among them.", ["service"])
JOB_RUNS: Final = Counter("dovira_job_runs_total", "Runs of what time causes.", ["service", "job", "outcome"])
JOB_SECONDS: Final = Gauge("dovira_job_last_seconds", "How long the last run took.", ["service", "job"])
PARCELS: Final = Counter("dovira_parcels_total", "SMS and mail that couriers were given.", ["kind", "outcome"])
GIVEN_UP: Final = Counter("dovira_notifications_given_up_total", "What never reached its addressee.", ["kind", "why"])
READY: Final = Gauge("dovira_ready", "Whether this instance wants requests.", ["service"])


async def scrape(_: Request) -> Response:
    """All metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
