"""Documents of a source are past their update cycle (PRODUCT 6.5)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "documents_overdue",
    Bilingual("Wissen veraltet", "Knowledge is stale"),
    Bilingual(
        "Dokumente sind länger nicht geprüft worden als vereinbart.",
        "Documents have not been reviewed for longer than agreed.",
    ),
    "document_overdue",
    (Level("warning", fires=0, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="wissen-veraltet",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
