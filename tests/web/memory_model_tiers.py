"""The port of model tiers for page tests: the figures of a month, or none."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leitstand.core.tiers import Tier
from leitstand.reports.tiers import TierDecision, TierFigures, TierSnapshot

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_EURO = 1_000_000_000


@dataclass
class MemoryModelTiers:
    empty: bool = False
    configured: bool = True

    async def snapshot(self, recent: int) -> TierSnapshot:
        if self.empty or not self.configured:
            return TierSnapshot((), (), 0)
        figures = (
            TierFigures(Tier.SIMPLE, 612, 2 * _EURO, 31 * _EURO),
            TierFigures(Tier.STANDARD, 298, 9 * _EURO, 26 * _EURO),
            TierFigures(Tier.COMPLEX, 110, 18 * _EURO, 18 * _EURO),
        )
        return TierSnapshot(figures, tuple(_decisions())[:recent], 204)

    def models(self) -> dict[str, dict[Tier, str]]:
        tiers = {Tier.SIMPLE: "sparsam", Tier.STANDARD: "standard", Tier.COMPLEX: "gruendlich"}
        return {"auto": tiers} if self.configured else {}


def _decisions() -> list[TierDecision]:
    analysed = (("main_analyse", 27.0), ("design", 21.0), ("length", 38.0), ("material", -0.4))
    shortened = (("main_rework", -41.0), ("length", 22.0), ("a_feature_of_old", 9.0))
    at = [NOW - timedelta(minutes=7 * number) for number in range(4)]
    return [
        TierDecision(
            at[0], "angebote", Tier.COMPLEX, "gruendlich", "judged", (), 128.4, analysed, 41_000_000
        ),
        TierDecision(at[1], "allgemein", Tier.SIMPLE, "sparsam", "judged", (), 28.0, shortened, 400_000),
        TierDecision(at[2], "werbung", Tier.STANDARD, "standard", "capped", (), 131.0, analysed, 5_100_000),
        TierDecision(
            at[3], "personal", Tier.COMPLEX, "gruendlich", "pinned", ("simple",), None, (), 22_000_000
        ),
    ]
