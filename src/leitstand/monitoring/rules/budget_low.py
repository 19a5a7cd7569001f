"""A hard limit is nearly used up, or is."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "budget_low",
    Bilingual("Budget fast verbraucht", "Budget nearly used up"),
    Bilingual(
        "Mehr als 90 % eines Budgets sind verbraucht. Bei 100 % wird abgelehnt oder auf ein günstigeres Modell gewechselt.",
        "More than 90 % of a budget is used. At 100 % requests are refused or sent to a cheaper model.",
    ),
    "limit_reached",
    (Level("warning", fires=0.9, clears=0.9),),
    window_s=300,
    runbook="budget-erschoepft",
)
MUST_FIRE = (
    0.5,
    0.95,
)
MUST_NOT_FIRE = (
    0.5,
    0.9,
    None,
)
