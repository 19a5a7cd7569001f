"""A contract with a provider ends in less than 60 days (PRODUCT 2.6)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "contract_ends",
    Bilingual("Auftragsverarbeitung läuft aus", "Data-processing agreement ends"),
    Bilingual(
        "Der Vertrag zur Auftragsverarbeitung endet in weniger als 60 Tagen. Ohne gültigen Vertrag gehen nur öffentliche Daten an den Anbieter.",
        "The data-processing agreement ends in less than 60 days. Without a valid one only public data goes to the provider.",
    ),
    "contract_ends",
    (Level("warning", fires=0, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="vertrag-laeuft-aus",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    -5,
    0,
    None,
)
