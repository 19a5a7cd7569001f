"""How a resource of Azure OpenAI is addressed and entered: versions of its API, applications of Entra ID."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from leitstand.configuration.values import refused

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?|preview|latest|v1")
_DIRECTORY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


def _as_text(value: object) -> object:
    """YAML reads an unquoted 2024-10-21 as a date."""
    return value.isoformat() if isinstance(value, date) else value


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise refused(
            f"„{text}“ ist keine Version der Schnittstelle. Beispiel: 2024-10-21.",
            f"'{text}' is no version of the API. Example: 2024-10-21.",
        )
    return text


def _directory_name(text: str) -> str:
    if not _DIRECTORY_NAME.fullmatch(text):
        raise refused(
            f"„{text}“ ist keine Kennung von Entra ID: eine GUID, oder beim Mandanten seine Domäne.",
            f"'{text}' is no id of Entra ID: a GUID, or for a tenant its domain.",
        )
    return text


APIVersion = Annotated[str, BeforeValidator(_as_text), AfterValidator(_version)]
EntraName = Annotated[str, AfterValidator(_directory_name)]


def check_entry(tenant: str | None, client_id: str | None, authority: str | None) -> None:
    """Raise PydanticCustomError for an application of Entra ID that is named by halves."""
    if bool(tenant) != bool(client_id) or (authority and not tenant):
        raise refused(
            "Für die Anmeldung mit Entra ID gehören entra_tenant und entra_client_id zusammen; api_key enthält "
            "dann das Geheimnis der Anwendung.",
            "To enter with Entra ID, entra_tenant and entra_client_id belong together; api_key then holds the "
            "application's secret.",
        )


def check_api(api: str | None, address: str | None) -> None:
    """Raise PydanticCustomError for the Responses API at an address that does not have it."""
    if api == "responses" and not (address or "").endswith("/v1"):
        raise refused(
            "Die Responses-API gibt es nur unter Adressen mit /openai/v1. Ergänzen Sie base_url.",
            "The Responses API exists only below addresses with /openai/v1. Complete base_url.",
        )
