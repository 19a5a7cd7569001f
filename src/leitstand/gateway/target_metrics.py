"""What `/metrics` tells Prometheus about targets: rest, open calls, probes, what providers still allow."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from leitstand.gateway.health import Health
from leitstand.gateway.pacing import Pacing
from leitstand.gateway.probes import Probes
from leitstand.providers.base import Target

_TARGET = ("provider", "model")


class TargetMetrics(Collector):
    """Reads the boards when it is asked; nothing is counted on the path of a request."""

    def __init__(
        self, health: Health, pacing: Pacing, probes: Probes, targets: Callable[[], Iterable[Target]],
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        """targets: all that routes name now. now: the event loop's clock."""
        self._health = health
        self._pacing = pacing
        self._probes = probes
        self._targets = targets
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: names are fixed, values come when they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All gauges at this moment."""
        now = self._now()
        resting = GaugeMetricFamily(
            "leitstand_target_rest_seconds", "How long a target still rests.", labels=_TARGET
        )
        open_calls = GaugeMetricFamily("leitstand_target_open_calls", "Calls under way.", labels=_TARGET)
        allowed = GaugeMetricFamily(
            "leitstand_target_allowance", "What the provider still allows.", labels=(*_TARGET, "measure")
        )
        targets = {(target.provider, target.model): target for target in self._targets()}
        for labels, target in targets.items():
            resting.add_metric(labels, self._health.rest_s(target, now))
            open_calls.add_metric(labels, self._health.of(target).open_calls)
            for gauge in self._pacing.gauges(target):
                if (left := gauge.left(now)) != float("inf"):
                    allowed.add_metric((*labels, gauge.allowance.measure), max(0.0, left))
        answers = GaugeMetricFamily(
            "leitstand_provider_probe_success", "Whether the last probe was answered.", labels=("provider",)
        )
        took = GaugeMetricFamily(
            "leitstand_provider_probe_duration_seconds", "How long it took.", labels=("provider",)
        )
        for provider, probed in self._probes.last.items():
            answers.add_metric((provider,), float(not probed.fault))
            took.add_metric((provider,), probed.took_s)
        waiting = GaugeMetricFamily("leitstand_waiting_requests", "Requests that wait for their turn.")
        waiting.add_metric((), self._pacing.waiting)
        yield from (resting, open_calls, allowed, answers, took, waiting)
