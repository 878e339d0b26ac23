"""The numbers an operator watches, in Prometheus form at /metrics."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "dunwell_request_seconds",
    "Time from request to response",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SENDS = Counter("dunwell_sends_total", "Deliveries settled", ["channel", "state"])
# Set by the web process when it is asked; where processes count together the latest value holds.
QUEUE_AGE = Gauge(
    "dunwell_queue_age_seconds",
    "Age of the oldest planned send that is due",
    multiprocess_mode="mostrecent",
)
WORKER_SEEN = Gauge(
    "dunwell_worker_seen_seconds",
    "Seconds since a worker was last seen",
    multiprocess_mode="mostrecent",
)
