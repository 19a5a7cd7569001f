"""The port of monthly reviews for page tests: one full review, or none; what is done is noted."""

from collections.abc import Sequence
from dataclasses import replace

from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.reports.review.repository import Kept
from leitstand.reports.review.values import (
    VERSION,
    Ahead,
    CacheUse,
    Cheaper,
    Driver,
    Drivers,
    Effect,
    LimitCheck,
    Review,
    Tiering,
    Totals,
    Uncertain,
)
from leitstand.web.ports import Viewer

_EURO = 1_000_000_000
REVIEW = Review(
    VERSION, "2026-10", 1_790_805_600_000_000, 1_793_487_600_000_000,
    Totals(48_210, 17_400, 61_000_000, 9_400_000, 1_284 * _EURO, 310 * _EURO, 12),
    Totals(41_900, 12_100, 55_000_000, 8_100_000, 1_190 * _EURO, 240 * _EURO, 0),
    (Effect("volume", 179 * _EURO), Effect("cache", -121 * _EURO), Effect("mix", -38 * _EURO),
     Effect("size", 81 * _EURO), Effect("price", -7 * _EURO)),
    (
        Drivers("use_case", (
            Driver("angebote", 21_000, 33_000_000, 702 * _EURO, 610 * _EURO),
            Driver("it-hilfe", 14_000, 21_000_000, 311 * _EURO, 330 * _EURO), Driver("", 900, 800_000, 41 * _EURO),
        ), Driver("", 12_310, 15_600_000, 230 * _EURO)),
        Drivers("department", (Driver("vertrieb", 22_000, 34_000_000, 733 * _EURO, 650 * _EURO),), Driver("", 26_210, 36_400_000, 551 * _EURO)),
        Drivers("model", (Driver("auto", 40_000, 60_000_000, 1_100 * _EURO, 1_190 * _EURO), Driver("gross", 8_210, 10_400_000, 184 * _EURO))),
        Drivers("provider", (Driver("openai-eu", 48_210, 70_400_000, 1_284 * _EURO, 1_190 * _EURO),)),
    ),
    (Cheaper("angebote", "openai-eu", "gpt-4o", "openai-eu", "gpt-4o-mini", 6_200, 96 * _EURO, 7 * _EURO),),
    Tiering(30_000, 21_000, 610 * _EURO, 1_900 * _EURO),
    (
        LimitCheck("company", "eur_per_month", 4_000 * _EURO, 1_284 * _EURO, "lower", 1_700 * _EURO),
        LimitCheck("use_case:angebote", "eur_per_month", 600 * _EURO, 600 * _EURO, "raise", 840 * _EURO, "2026-10-22", 0, 1, 1),
        LimitCheck("user:*", "tokens_per_day", 200_000, 0, "fits", 0, "", 0, 61, 7),
    ),
    (CacheUse("angebote", 20_000, 9_000, 210 * _EURO, 1_000, 61 * _EURO, 27 * _EURO), CacheUse("", 8_000, 2_000, 60 * _EURO, 300, 9 * _EURO)),
    (Uncertain("openai-eu", "gpt-9-preview", "unpriced", 12, 4 * _EURO), Uncertain("azure-eu", "gpt-4o", "estimated", 40, 2 * _EURO)),
    Ahead("2026-11", 1_360 * _EURO, 1_220 * _EURO, 1_510 * _EURO), 48_210,
)  # fmt: skip
KEPT = Kept(
    REVIEW,
    2,
    1_793_509_200_000_000,
    "system",
    "Grenze für Angebote auf 850 € erhöht.",
    1_793_595_600_000_000,
    "jonas",
)


class MemoryReviews:
    """web.ports.Reviews."""

    def __init__(self) -> None:
        self.kept: Kept | None = KEPT
        self.acts: list[tuple[str, ...]] = []

    async def months(self) -> Sequence[str]:
        return [self.kept.review.month, "2026-09"] if self.kept else []

    async def get(self, month: str) -> Kept:
        if len(month) != 7:
            raise InvalidRequest(f"„{month}“ ist kein Monat.", f"'{month}' is no month.")
        if self.kept is None or month != self.kept.review.month:
            raise NotFound("Für diesen Monat gibt es noch keinen Rückblick.", "There is no review of it yet.")
        return self.kept

    def last_month(self) -> str:
        return "2026-10"

    async def generate(self, viewer: Viewer, month: str) -> None:
        if month > "2026-11":
            raise InvalidRequest(f"{month} liegt in der Zukunft.", f"{month} lies in the future.")
        self.acts.append(("generate", month))
        self.kept = replace(KEPT, review=replace(REVIEW, month=month))

    async def write(self, viewer: Viewer, month: str, notes: str) -> None:
        self.acts.append((month, notes))
        self.kept = replace(KEPT, notes=notes)
