"""What `/metrics` tells Prometheus about requests; fed by the event `Answered`, off the path of the answer.

Labels are few and bounded: models, providers, outcomes; never people, keys or conversations.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from leitstand import __version__
from leitstand.core.money import NANO_PER_EURO
from leitstand.gateway.bookkeeping import Answered

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60)


class Metrics:
    """The counters of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("model", "provider", "outcome")
        self._requests = Counter(
            "leitstand_requests_total",
            "Requests by model, provider and outcome.",
            names,
            registry=self.registry,
        )
        self._refusals = Counter(
            "leitstand_refusals_total",
            "Refused and failed requests by code.",
            ("code",),
            registry=self.registry,
        )
        self._tokens = Counter(
            "leitstand_tokens_total",
            "Tokens booked.",
            ("model", "provider", "direction"),
            registry=self.registry,
        )
        self._cost = Counter(
            "leitstand_cost_euro_total", "Cost booked, EUR.", ("model", "provider"), registry=self.registry
        )
        self._latency = Histogram(
            "leitstand_request_duration_seconds", "Arrival to last byte.", ("model",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._first = Histogram(
            "leitstand_first_token_seconds", "Arrival to first content.", ("model",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._cache = Counter(
            "leitstand_cache_total", "Cache look-ups by result.", ("result",), registry=self.registry
        )
        self._fallbacks = Counter(
            "leitstand_fallbacks_total",
            "Targets that failed before another answered.",
            registry=self.registry,
        )
        self._protected = Counter(
            "leitstand_pseudonymised_total", "Entities replaced by placeholders.", registry=self.registry
        )
        self._balance = Gauge(
            "leitstand_balance_differences", "Differences that the last proof found.", ("proof",), registry=self.registry
        )  # fmt: skip
        self._balanced = Gauge(
            "leitstand_balance_timestamp_seconds", "When it was made.", ("proof",), registry=self.registry
        )
        Gauge("leitstand_info", "Version.", ("version",), registry=self.registry).labels(__version__).set(1)

    def on_answered(self, event: Answered) -> None:
        """Count one request. A model name that is not offered is counted as `unknown`: names are free text there."""
        record = event.record
        model = "unknown" if record.code == "model_not_found" else record.model
        self._requests.labels(model, record.provider, record.outcome).inc()
        if record.code:
            self._refusals.labels(record.code).inc()
        if record.provider and record.outcome != "cached":
            self._tokens.labels(model, record.provider, "input").inc(record.input_tokens)
            self._tokens.labels(model, record.provider, "output").inc(record.output_tokens)
            self._cost.labels(model, record.provider).inc(record.cost_nano / NANO_PER_EURO)
        if record.outcome in ("ok", "cached"):
            self._latency.labels(model).observe(record.latency_us / 1e6)
            self._first.labels(model).observe(record.first_token_us / 1e6)
        if record.cache in ("hit", "miss", "semantic"):
            self._cache.labels(record.cache).inc()
        self._fallbacks.inc(record.fallback)
        self._protected.inc(record.pseudonymised)

    def on_balance(self, differences: int, time_s: float) -> None:
        """Note the result of a proof that all sums of limits agree."""
        self._balance.labels("limits").set(differences)
        self._balanced.labels("limits").set(time_s)

    def exposition(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)
