"""The section `mcp_servers`: the company's tool servers, who may use which tool, and how far an agent may go."""

from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.providers import DPA
from leitstand.configuration.sections import Named, Section
from leitstand.core.classes import DataClass, Region, Role

DEFAULT_STEPS = 50


def _pattern(text: str) -> str:
    if not text or any(mark.isspace() for mark in text):
        raise v.refused(
            f"„{text}“ ist kein Muster. Beispiele: search_*, create_ticket, *.",
            f"'{text}' is no pattern. Examples: search_*, create_ticket, *.",
        )
    return text


def _server_name(name: str) -> str:
    if "__" in name:
        raise v.refused(
            "Der Name darf kein „__“ enthalten; es trennt Server und Werkzeug.",
            "The name must not contain '__'; it stands between server and tool.",
        )
    return name


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Patterns = Annotated[
    tuple[Annotated[str, Field(max_length=200), AfterValidator(_pattern)], ...], Field(max_length=200)
]


class ToolRules(Section):
    """Which tools of a server are published; `*` and `?` stand for any text and any character."""

    allow: Patterns = Field(default=("*",), description="Patterns of tool names that are published.")
    deny: Patterns = Field(
        default=(), description="Patterns of tool names that are not, whatever `allow` says."
    )


class MCPServer(Named):
    """A tool server (Model Context Protocol, streamable HTTP) that is published under `/mcp`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$"), AfterValidator(_server_name)] = Field(
        description="Unique name; small letters, digits, `-`, `_`. Its tools are called NAME__TOOL."
    )
    title: v.Text = Field(default="", description="Name shown to people; empty: `name`.")
    url: v.BaseAddress = Field(description="Address of its MCP endpoint.")
    api_key: v.SecretReference | None = Field(
        default=None,
        description="Sent as `Authorization: Bearer`. `env:NAME` or `file:PATH`; a literal is accepted, encrypted "
        "and never shown again.",
    )
    region: Region = Field(default=Region.OTHER, description="Where it processes data.")
    dpa: DPA | None = Field(
        default=None, description="Data-processing agreement; not needed in region `local`."
    )
    tools: ToolRules = Field(default=ToolRules(), description="Which of its tools are published.")
    roles: tuple[Role, ...] = Field(default=(), description="Roles that may use it; empty: all.")
    use_cases: v.Names = Field(default=(), description="Use cases that may use it; empty: all.")
    data_class: v.ClassWord = Field(
        default=DataClass.SPECIAL, description="Highest data class of calls that it may get."
    )
    cost_per_call: v.Amount = Field(default=Decimal(0), description="EUR booked for each call.")
    timeout: v.Seconds = Field(default=60, description="Longest time for one call, in seconds.")
    max_result_kib: v.PositiveCount = Field(
        default=1024, le=65_536, description="Largest answer of the server, in KiB."
    )

    @property
    def place(self) -> Region:
        """Where it processes data."""
        return self.region

    @model_validator(mode="after")
    def _unencrypted_only_inside(self) -> "MCPServer":
        address = urlsplit(self.url)
        if (
            self.place is not Region.LOCAL
            and address.scheme == "http"
            and not _is_here(address.hostname or "")
        ):
            raise v.refused(
                "Außerhalb des Hauses ist nur https:// erlaubt. Für Server im Haus: region: local.",
                "Outside the house only https:// is allowed. For servers inside: region: local.",
            )
        return self


class Runs(Section):
    """How far one agent run may go; a run is what shares a header `x-leitstand-run`."""

    max_steps: v.PositiveCount = Field(
        default=DEFAULT_STEPS, description="Model calls and tool calls of one run, per calendar day."
    )
    max_eur: v.PositiveAmount | None = Field(
        default=None, description="EUR of one run, after which no further step begins; none: no limit."
    )
