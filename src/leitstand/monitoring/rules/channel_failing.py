"""A channel for alerts cannot deliver (PRODUCT 9.4)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "channel_failing",
    Bilingual("Meldeweg gestört", "Alert channel failing"),
    Bilingual(
        "Über diesen Weg kommen zurzeit keine Meldungen an; andere Wege übernehmen.",
        "No messages arrive through this channel at the moment; others take over.",
    ),
    "channel_failing",
    (Level("warning", fires=0, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="meldeweg-gestoert",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
