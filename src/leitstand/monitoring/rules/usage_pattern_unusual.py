"""Use that is unlike itself, in business hours only (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "usage_pattern_unusual",
    Bilingual("Ungewöhnliches Nutzungsmuster", "Unusual usage pattern"),
    Bilingual(
        "Ein Schlüssel, eine Person oder ein Anwendungsfall wird anders genutzt als sonst.",
        "A key, a person or a use case is used differently than usual.",
    ),
    "unusual_pattern",
    (Level("warning", fires=0, clears=0),),
    window_s=3600,
    clear_for_s=300,
    runbook="ungewoehnlicher-verbrauch",
    inhibited_by=("token_use_unusual",),
    inhibit_on=("scope",),
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
