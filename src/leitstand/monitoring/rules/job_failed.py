"""Background work has failed."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "job_failed",
    Bilingual("Hintergrundarbeit gescheitert", "Background work failed"),
    Bilingual(
        "Eine Arbeit nach Plan ist gescheitert. Der nächste Lauf versucht es wieder; die Seite nennt den Grund.",
        "Scheduled work has failed. The next run tries again; the page names the reason.",
    ),
    "job_failed",
    (Level("warning", fires=0, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="arbeit-gescheitert",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
