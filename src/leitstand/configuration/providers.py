"""The section `providers`: who runs models, where, under which agreement and within which limits."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from leitstand.configuration import amazon, azure, google_cloud
from leitstand.configuration import values as v
from leitstand.configuration.sections import Named, Section
from leitstand.core.classes import Region


class ProviderKind(StrEnum):
    """Which wire format a provider speaks; `extractive` is the built-in answerer that quotes documents."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    AZURE_OPENAI = "azure_openai"
    GEMINI = "gemini"
    VERTEX = "vertex"
    COHERE = "cohere"
    TOGETHER = "together"
    MISTRAL = "mistral"
    BEDROCK = "bedrock"
    OPENAI_COMPATIBLE = "openai_compatible"
    EXTRACTIVE = "extractive"


_FIELDS_OF_KINDS: Mapping[ProviderKind, tuple[str, ...]] = MappingProxyType(
    {
        ProviderKind.BEDROCK: ("aws_region", "access_key_id"),
        ProviderKind.AZURE_OPENAI: ("api_version", "entra_tenant", "entra_client_id", "entra_authority"),
    }
)


class DPA(Section):
    """The data-processing agreement with a provider (GDPR article 28). Without a valid one: public data only."""

    signed: v.Day = Field(description="Day on which the agreement was signed.")
    expires: v.Day | None = Field(
        default=None, description="Last day on which it is valid; none: until cancelled."
    )
    document: v.Text = Field(default="", description="Where the signed document is kept.")
    sub_processors: v.Terms = Field(default=(), description="Sub-processors that the provider names.")
    training_opt_out: bool = Field(
        default=False, description="Whether the provider may not train on the data."
    )
    retention_days: v.Count | None = Field(
        default=None, description="How long the provider keeps data, in days."
    )
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="SHA-256 of the signed document, which shows that it is still the same."
    )
    notes: v.Text = Field(
        default="", description="What else must be known, for example the place of jurisdiction."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "DPA":
        if self.expires is not None and self.expires < self.signed:
            raise v.refused(
                f"Der Vertrag endet ({self.expires}) vor seiner Unterschrift ({self.signed}).",
                f"The agreement expires ({self.expires}) before it was signed ({self.signed}).",
            )
        return self


class Timeouts(Section):
    """How long a provider may take."""

    connect: v.Seconds = Field(default=5, description="Opening the connection, in seconds.")
    first_token: v.Seconds = Field(default=20, description="From the request to the first token, in seconds.")
    idle: v.Seconds = Field(default=30, description="Between two pieces of an answer, in seconds.")
    total: v.Seconds = Field(default=300, description="The whole answer, in seconds.")


class ProviderLimits(Section):
    """What may be sent to a provider at most; no value: no limit of ours. Kept before the provider refuses."""

    requests_per_minute: v.PositiveCount | None = Field(default=None, description="Requests per minute.")
    tokens_per_minute: v.PositiveCount | None = Field(
        default=None, description="Input and output tokens per minute."
    )
    concurrency: v.PositiveCount | None = Field(default=None, description="Requests at the same time.")
    max_wait: v.Pause = Field(
        default=10, description="How long a request waits for its turn, in seconds; 0: not at all."
    )


class Probe(Section):
    """A free call that shows whether a provider is there; nothing is asked of a model, and nothing is billed."""

    every: v.Pause = Field(
        default=30, description="Seconds between two probes, at least 1; 0: only real requests show it."
    )

    @field_validator("every")
    @classmethod
    def _not_too_often(cls, every: float) -> float:
        if 0 < every < 1:
            raise v.refused(
                "Proben sind höchstens einmal in der Sekunde möglich; 0 schaltet sie ab.",
                "Probes are possible once a second at most; 0 switches them off.",
            )
        return every


class Provider(Named):
    """A company or server that runs models."""

    kind: ProviderKind = Field(description="Wire format that it speaks.")
    base_url: v.BaseAddress | None = Field(
        default=None, description="Address of its API; needed for `openai_compatible` and `azure_openai`."
    )
    api_key: v.SecretReference | None = Field(
        default=None,
        description="`env:NAME` or `file:PATH`; a literal is accepted, encrypted and never shown again.",
    )
    project: google_cloud.CloudProject | None = Field(
        default=None,
        description="Kind `vertex`: project id at Google Cloud; none: the one of the service account.",
    )
    location: google_cloud.CloudLocation | None = Field(
        default=None,
        description="Kind `vertex`, needed there: where it processes, e.g. `europe-west3` (Frankfurt) or `eu`.",
    )
    aws_region: amazon.AWSRegion | None = Field(
        default=None,
        description="Kind `bedrock`: region of AWS; none: the one that base_url names, else `eu-central-1` (Frankfurt).",
    )
    access_key_id: amazon.AccessKeyID | None = Field(
        default=None,
        description="Kind `bedrock`: id of the key pair whose secret key is in api_key; none: api_key holds a "
        "Bedrock API key, or temporary credentials as JSON.",
    )
    api_version: azure.APIVersion | None = Field(
        default=None,
        description="Kind `azure_openai`: dated version of the API for addresses without `/openai/v1`; "
        "none: 2024-10-21.",
    )
    entra_tenant: azure.EntraName | None = Field(
        default=None, description="Kind `azure_openai`: tenant whose application enters instead of a key."
    )
    entra_client_id: azure.EntraName | None = Field(
        default=None,
        description="Kind `azure_openai`: id of that application; api_key then holds its secret.",
    )
    entra_authority: v.BaseAddress | None = Field(
        default=None,
        description="Kind `azure_openai`: address that grants tokens; none: https://login.microsoftonline.com.",
    )
    api: Literal["chat", "responses"] | None = Field(
        default=None,
        description="Kinds `openai` and `azure_openai`: the API that every conversation goes to, `chat` (Chat "
        "Completions) or `responses`, where some models exist only; none: the one that the client speaks.",
    )
    region: Region = Field(default=Region.OTHER, description="Where it processes data.")
    dpa: DPA | None = Field(
        default=None, description="Data-processing agreement; not needed in region `local`."
    )
    timeouts: Timeouts = Field(default=Timeouts(), description="Time limits in seconds.")
    limits: ProviderLimits = Field(default=ProviderLimits(), description="Limits towards the provider.")
    probe: Probe = Field(default=Probe(), description="How often it is looked at without being used.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Provider":
        if self.kind in (ProviderKind.OPENAI_COMPATIBLE, ProviderKind.AZURE_OPENAI) and not self.base_url:
            raise v.refused(
                f"Die Art „{self.kind}“ braucht eine base_url.", f"Kind '{self.kind}' needs a base_url."
            )
        if self.kind is ProviderKind.VERTEX:
            google_cloud.check_place(self.location, self.region)
        elif self.project or self.location:
            raise v.refused(
                "Die Angaben project und location gehören zur Art „vertex“.",
                "The values project and location belong to kind 'vertex'.",
            )
        if self.kind is ProviderKind.BEDROCK:
            amazon.check_place(self.aws_region, self.base_url, self.region)
        if self.kind is ProviderKind.AZURE_OPENAI:
            azure.check_entry(self.entra_tenant, self.entra_client_id, self.entra_authority)
        self._refuse_fields_of_other_kinds()
        if self.api and self.kind not in (ProviderKind.OPENAI, ProviderKind.AZURE_OPENAI):
            raise v.refused(
                "Die Angabe api gehört zu den Arten „openai“ und „azure_openai“.",
                "The value api belongs to the kinds 'openai' and 'azure_openai'.",
            )
        if self.kind is ProviderKind.AZURE_OPENAI:
            azure.check_api(self.api, self.base_url)
        elsewhere = "region" in self.model_fields_set and self.region is not Region.LOCAL
        if self.kind is ProviderKind.EXTRACTIVE and elsewhere:
            raise v.refused(
                "Die Art „extractive“ läuft im Haus: region muss local sein.",
                "Kind 'extractive' runs in the house: region must be local.",
            )
        return self

    def _refuse_fields_of_other_kinds(self) -> None:
        for kind, names in _FIELDS_OF_KINDS.items():
            for name in names:
                if self.kind is not kind and getattr(self, name):
                    raise v.refused(
                        f"Die Angabe {name} gehört zur Art „{kind}“.",
                        f"The value {name} belongs to kind '{kind}'.",
                    )

    @property
    def place(self) -> Region:
        """Where data is processed: `region`, and `local` for the built-in answerer."""
        return Region.LOCAL if self.kind is ProviderKind.EXTRACTIVE else self.region
