"""Decisions of the past: what the journal keeps of a request's, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leitstand.core.i18n import Bilingual

REASONS: Mapping[str, Bilingual] = {
    "region": Bilingual("Region nicht erlaubt", "region not allowed"),
    "contract": Bilingual("kein gültiger Auftragsverarbeitungsvertrag", "no valid data-processing agreement"),
    "capability": Bilingual("kann die Anfrage nicht bedienen", "cannot serve the request"),
    "media": Bilingual(
        "Bilder und Dateien verlassen das Haus nicht", "images and files do not leave the house"
    ),
    "vectors": Bilingual("Vektoren passen nicht zum ersten Ziel", "vectors do not fit the first target"),
    "context": Bilingual("fasst die Anfrage nicht", "too small for the request"),
    "route": Bilingual("gehört nicht zu diesem Modell", "not a target of this model"),
    "allowed": Bilingual("erlaubt", "allowed"),
}
"""Why targets are left out (admit.Dropped), as far as it can be said of all requests."""

CLASS_BY: Mapping[str, Bilingual] = {
    "use_case": Bilingual("durch den Anwendungsfall", "by the use case"),
    "stated": Bilingual("durch die Angabe des Aufrufers", "by what the caller stated"),
    "found": Bilingual("durch das, was gefunden wurde", "by what was found"),
}


@dataclass(frozen=True)
class PastDecision:
    """What was decided on a request. dropped: provider → reason. entities: type → how many; never texts."""

    request_id: str
    time_us: int
    user: str
    use_case: str
    model: str
    provider: str
    region: str
    data_class: str
    class_by: str
    outcome: str
    code: str
    pseudonymised: int
    entities: Mapping[str, int]
    dropped: Mapping[str, str]


def read_decision(row: Mapping[str, Any], detail: Mapping[str, Any]) -> PastDecision:
    """A journal record of a request as a decision. row: its columns; detail: its JSON."""
    class_by = detail.get("class_by") or ("use_case" if row["data_class"] else "")
    return PastDecision(
        row["id"], row["time_us"], row["user"], row["use_case"], row["model"], row["provider"], row["region"],
        row["data_class"], class_by, row["outcome"], row["code"], row["pseudonymised"],
        dict(detail.get("entities", {})), dict(detail.get("dropped", {})),
    )  # fmt: skip
