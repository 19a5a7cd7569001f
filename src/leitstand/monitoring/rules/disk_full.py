"""The disk of the data folder fills up."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "disk_full",
    Bilingual("Platte läuft voll", "Disk fills up"),
    Bilingual(
        "Ohne Plattenplatz kann nichts mehr aufgezeichnet werden; Anfragen werden dann abgelehnt.",
        "Without disk space nothing can be recorded any more; requests are then refused.",
    ),
    "disk_used",
    (
        Level("warning", fires=0.85, clears=0.80),
        Level("critical", fires=0.95, clears=0.92),
    ),
    window_s=300,
    no_data="keep",
    runbook="platte-voll",
)
MUST_FIRE = (
    0.5,
    0.86,
)
MUST_NOT_FIRE = (
    0.5,
    0.85,
    None,
)
