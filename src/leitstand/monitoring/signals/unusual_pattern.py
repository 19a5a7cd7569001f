"""Use that is unusual, but not grave: a pattern worth a look in business hours."""

from collections.abc import Mapping
from typing import Any

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.happenings import counting
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.signals.unusual_tokens import KIND, whose
from leitstand.monitoring.values import Labels


def subject(_kind: str, detail: Mapping[str, Any]) -> Labels | None:
    """All that is not critical."""
    return None if detail.get("severity") == "critical" else whose(detail)


SIGNAL = Signal(
    "unusual_pattern",
    Bilingual("Ungewöhnliches Nutzungsmuster", "Unusual usage pattern"),
    "count",
    counting((KIND,), subject),
)
