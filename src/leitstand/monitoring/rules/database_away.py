"""The database cannot be reached."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "database_away",
    Bilingual("Datenbank nicht erreichbar", "Database away"),
    Bilingual(
        "Anfragen laufen mit der letzten Konfiguration weiter; Anmeldung und Verwaltung gehen nicht.",
        "Requests go on with the last configuration; sign-in and administration do not work.",
    ),
    "database_away",
    (Level("critical", fires=300, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="datenbank-ausgefallen",
)
MUST_FIRE = (
    0,
    200,
    301,
)
MUST_NOT_FIRE = (
    0,
    300,
    None,
)
