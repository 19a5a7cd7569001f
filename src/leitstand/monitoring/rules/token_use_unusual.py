"""Somebody uses far more tokens than they ever did (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "token_use_unusual",
    Bilingual("Ungewöhnlicher Tokenverbrauch", "Unusual token use"),
    Bilingual(
        "Ein Schlüssel, eine Person oder ein Anwendungsfall verbraucht weit mehr als je zuvor: ein gestohlener Schlüssel oder ein Programm in einer Schleife.",
        "A key, a person or a use case uses far more than ever before: a stolen key, or a program in a loop.",
    ),
    "unusual_tokens",
    (Level("critical", fires=0, clears=0),),
    window_s=900,
    clear_for_s=300,
    runbook="ungewoehnlicher-verbrauch",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
