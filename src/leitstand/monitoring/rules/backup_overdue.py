"""No good backup, or none that was proven, for too long (PRODUCT 12.4)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "backup_overdue",
    Bilingual("Sicherung überfällig", "Backup overdue"),
    Bilingual(
        "Die letzte gute Sicherung oder ihre letzte Probe liegt zu lange zurück.",
        "The last good backup, or the last proof of one, is too long ago.",
    ),
    "backup_overdue",
    (Level("warning", fires=0, clears=0, for_s=600),),
    window_s=300,
    no_data="keep",
    runbook="sicherung-ueberfaellig",
)
MUST_FIRE = (
    0,
    *[1] * 11,
)
MUST_NOT_FIRE = (
    0,
    1,
    0,
    None,
)
