"""Token use far outside the own pattern of a key, a user or a use case, as accounting/unusual finds it."""

from collections.abc import Mapping
from typing import Any

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.happenings import counting
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Labels, labels

KIND = "accounting.usage.unusual_found"


def subject(_kind: str, detail: Mapping[str, Any]) -> Labels | None:
    """Critical findings only. A person is not named: who must act sees the finding itself."""
    return whose(detail) if detail.get("severity") == "critical" else None


def whose(detail: Mapping[str, Any]) -> Labels:
    """The scope; `user:NAME` without the name."""
    scope = str(detail.get("scope", ""))
    return labels(scope="user" if scope.startswith("user:") else scope)


SIGNAL = Signal(
    "unusual_tokens",
    Bilingual("Ungewöhnlicher Tokenverbrauch", "Unusual token use"),
    "count",
    counting((KIND,), subject),
)
