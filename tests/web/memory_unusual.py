"""The port of unusual usage for page tests: findings in every state, or none; what is said about them is noted."""

from collections.abc import Sequence
from datetime import UTC, datetime

from leitstand.accounting.unusual.findings import Verdict
from leitstand.accounting.unusual.repository import Finding
from leitstand.core.errors import NotFound
from leitstand.identity.roles import Permission
from leitstand.web.ports import HourBar, Sight, Viewer

NOW_US = int(datetime(2026, 11, 17, 13, 32, tzinfo=UTC).timestamp() * 1e6)
_HOUR_US = 3_600_000_000
FINDINGS = (
    Finding("unu_1", "key:key_7", "token_use_unusual", "hour", "tokens", 4_812_000, 61_000, 1_900_000,
            NOW_US - _HOUR_US // 4, NOW_US),
    Finding("unu_2", "user:anna", "usage_pattern_unusual", "off", "cost_nano", 6_400_000_000, 300_000_000,
            2_100_000_000, NOW_US - 9 * _HOUR_US, NOW_US - 8 * _HOUR_US, NOW_US - 8 * _HOUR_US),
    Finding("unu_3", "use_case:angebote", "usage_pattern_unusual", "week", "requests", 9_210, 1_800, 5_100,
            NOW_US - 90 * _HOUR_US, NOW_US - 60 * _HOUR_US, NOW_US - 50 * _HOUR_US, "expected", "Messe in Hannover",
            NOW_US - 40 * _HOUR_US, "jonas"),
)  # fmt: skip


def sight(finding: Finding) -> Sight:
    begin_us = finding.last_us // _HOUR_US * _HOUR_US - 23 * _HOUR_US
    bars = [
        HourBar(begin_us + hour * _HOUR_US, finding.amount // 40 * (30 if hour > 21 else hour % 4), finding.typical * 0.8)
        for hour in range(24)
    ]  # fmt: skip
    return Sight(finding, tuple(bars))


class MemoryUnusual:
    """web.ports.Unusual."""

    def __init__(self) -> None:
        self.empty = False
        self.on = True
        self.acts: list[tuple[str, ...]] = []

    async def sights(self, viewer: Viewer, most: int) -> Sequence[Sight]:
        everything = Permission.BUDGETS_READ in viewer.permissions
        shown = [each for each in FINDINGS if everything or each.scope == f"user:{viewer.name}"]
        return [] if self.empty else [sight(each) for each in shown[:most]]

    def watched(self) -> bool:
        return self.on

    async def judge(self, viewer: Viewer, finding: str, verdict: Verdict, note: str) -> None:
        if finding not in {each.id for each in FINDINGS}:
            raise NotFound("Diesen Befund gibt es nicht.", "There is no such finding.")
        self.acts.append((finding, verdict, note))

    async def revoke_key(self, viewer: Viewer, key: str) -> None:
        self.acts.append(("revoke", key))
