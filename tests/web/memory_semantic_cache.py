"""The semantic cache as the pages see it, held in memory."""

from collections import Counter
from datetime import UTC, datetime

from leitstand.core.money import NanoEuro
from leitstand.gateway.semantic import Refused
from leitstand.reports.semantic import SemanticRow, SemanticSnapshot

_REFUSED = Counter({"word": 31, "number": 12, "negation": 4, "order": 1})
SNAPSHOT = SemanticSnapshot(
    (
        SemanticRow("angebote", True, 214, 96, 530, NanoEuro(4_310_000_000), 0.947, 2, tuple(_REFUSED.most_common())),
        SemanticRow("werbung", False, 3, 0, 40, NanoEuro(12_000_000), None, 0, ()),
    ),
    (
        Refused(datetime(2026, 6, 3, 9, 41, 7, tzinfo=UTC), "angebote", 0.982, "number"),
        Refused(datetime(2026, 6, 3, 9, 40, 12, tzinfo=UTC), "angebote", 0.931, "word"),
    ),
)  # fmt: skip


class MemorySemanticCache:
    """web.ports.SemanticCache."""

    def __init__(self) -> None:
        self.installed = True
        self.shown = SNAPSHOT

    async def snapshot(self) -> SemanticSnapshot:
        return self.shown

    def available(self) -> bool:
        return self.installed
