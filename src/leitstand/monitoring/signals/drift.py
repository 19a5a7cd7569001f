"""A model in use answers a regression set differently than when it was accepted (answers/trials.py)."""

from collections.abc import Mapping
from typing import Any

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.happenings import counting
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Labels, labels


def subject(_kind: str, detail: Mapping[str, Any]) -> Labels:
    """The model."""
    return labels(model=str(detail.get("model", "")))


SIGNAL = Signal(
    "drift", Bilingual("Modell antwortet anders", "Model answers differently"), "count",
    counting(("regression.drift.found",), subject),
)  # fmt: skip
