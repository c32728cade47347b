"""Every metric of the bus, declared once. Labels are names of ours, never ids."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_EVENTS = Gauge("bus_outbox_events", "Events that wait to be relayed.", ["service"])
OUTBOX_AGE = Gauge("bus_outbox_age_seconds", "How long the oldest event has waited to be relayed.", ["service"])
RELAYED = Counter("bus_relayed_events_total", "Events the log has acknowledged.", ["service"])
LAG_EVENTS = Gauge("bus_lag_events", "Records that a subscriber has yet to read.", ["subscriber", "topic"])
LAG_SECONDS = Gauge("bus_lag_seconds", "Age of the record a lagging subscriber read last.", ["subscriber", "topic"])
TAKEN = Counter("bus_taken_events_total", "Events that have taken effect.", ["subscriber"])
SKIPPED = Counter("bus_skipped_records_total", "Records of an unknown event type.", ["subscriber"])
FENCED = Counter("bus_fenced_total", "Transactions refused because the position had moved on.", ["subscriber"])
PARKED = Counter("bus_parked_records_total", "Records put aside because they could not take effect.", ["subscriber"])
STOPPED = Gauge("bus_stopped_partitions", "Partitions that wait for an operator.", ["subscriber"])
REBUILDS = Counter("bus_session_rebuilds_total", "Log sessions thrown away and begun anew.", ["session"])
TRANSACTION = Histogram(
    "bus_transaction_seconds", "One batch, from fold to commit.", ["subscriber"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)  # fmt: skip
