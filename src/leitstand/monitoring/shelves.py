"""All signals and all shipped rules, found by their files."""

from leitstand.core.registry import BadPart, load
from leitstand.monitoring import notifiers, rules, signals
from leitstand.monitoring.gauges import GAUGES, signal
from leitstand.monitoring.notifiers import Notifier
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Rule


def load_signals() -> dict[str, Signal]:
    """By name; states of the house are signals, too."""
    found = load(signals, "SIGNAL", "name", Signal)
    for gauge in GAUGES:
        if gauge.name in found:
            raise BadPart(f"the gauge {gauge.name!r} has the name of a signal")
        found[gauge.name] = signal(gauge)
    return found


def load_rules() -> dict[str, Rule]:
    """Shipped ones, by name."""
    return load(rules, "RULE", "name", Rule)


def load_notifiers() -> dict[str, Notifier]:
    """By kind of channel."""
    return load(notifiers, "NOTIFIER", "kind", Notifier)  # type: ignore[type-abstract]  # a protocol that can be checked
