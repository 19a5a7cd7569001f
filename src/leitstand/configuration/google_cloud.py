"""Where Vertex AI may process: projects and locations of Google Cloud.

Source: Google Cloud documentation, "Vertex AI locations". London (europe-west2) and Zurich (europe-west6)
carry Europe in their name and lie outside the European Union.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from leitstand.configuration.values import refused
from leitstand.core.classes import Region

_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{3,29}")
_LOCATION = re.compile(r"eu|us|global|[a-z]{2,20}-[a-z]{2,20}\d{1,2}")
_IN_THE_EU = frozenset(
    {"eu", "europe-central2", "europe-north1", "europe-north2", "europe-southwest1", "europe-west1",
     "europe-west3", "europe-west4", "europe-west8", "europe-west9", "europe-west10", "europe-west12"}
)  # fmt: skip


def _project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise refused(
            f"„{text}“ ist keine Projekt-ID: Kleinbuchstaben, Ziffern und Bindestriche, zum Beispiel musterwerk-ki.",
            f"'{text}' is no project id: lower-case letters, digits and hyphens, e.g. musterwerk-ki.",
        )
    return text


def _location(text: str) -> str:
    if not _LOCATION.fullmatch(text):
        raise refused(
            f"„{text}“ ist kein Standort. Beispiele: europe-west3 (Frankfurt), eu, global.",
            f"'{text}' is no location. Examples: europe-west3 (Frankfurt), eu, global.",
        )
    return text


CloudProject = Annotated[str, AfterValidator(_project)]
CloudLocation = Annotated[str, AfterValidator(_location)]


def check_place(location: str | None, region: Region) -> None:
    """Raise PydanticCustomError for a missing location, region `local`, or region `eu` outside the EU.

    Fails closed: what decides where data goes must not contradict what decides which data may go.
    """
    if location is None:
        raise refused(
            "Die Art „vertex“ braucht location, zum Beispiel europe-west3 (Frankfurt) oder eu.",
            "Kind 'vertex' needs a location, e.g. europe-west3 (Frankfurt) or eu.",
        )
    if region is Region.LOCAL:
        raise refused(
            "Die Art „vertex“ läuft bei Google, nicht im Haus: region kann nicht local sein.",
            "Kind 'vertex' runs at Google, not in the house: region cannot be local.",
        )
    if region is Region.EU and location not in _IN_THE_EU:
        raise refused(
            f"Der Standort „{location}“ liegt nicht in der EU; region: eu passt nicht dazu.",
            f"The location '{location}' is not in the EU; region: eu does not fit.",
        )
