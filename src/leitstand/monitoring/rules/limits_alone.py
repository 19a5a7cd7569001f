"""Machines hold limits each by itself, because Valkey is away."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "limits_alone",
    Bilingual("Budgets ohne gemeinsamen Zähler", "Budgets without a common counter"),
    Bilingual(
        "Valkey ist nicht erreichbar; jede Maschine vergibt nur ihren Anteil der Budgets.",
        "Valkey cannot be reached; each machine hands out only its share of the budgets.",
    ),
    "limits_alone",
    (Level("warning", fires=60, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="valkey-ausgefallen",
)
MUST_FIRE = (
    0,
    61,
)
MUST_NOT_FIRE = (
    0,
    60,
    None,
)
