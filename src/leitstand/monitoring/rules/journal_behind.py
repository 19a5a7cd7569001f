"""Records wait too long on their way into the journal."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "journal_behind",
    Bilingual("Journal hängt zurück", "Journal is behind"),
    Bilingual(
        "Datensätze warten im Spool: Die Datenbank ist langsam oder nicht erreichbar. Nichts ist verloren, solange Platz ist.",
        "Records wait in the spool: the database is slow or away. Nothing is lost while there is room.",
    ),
    "spool_age",
    (
        Level("warning", fires=60, clears=5, for_s=60),
        Level("critical", fires=900, clears=5),
    ),
    window_s=300,
    no_data="keep",
    runbook="journal-haengt",
)
MUST_FIRE = (
    0,
    70,
    130,
)
MUST_NOT_FIRE = (
    0,
    60,
    30,
    None,
)
