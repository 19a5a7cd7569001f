"""Every section of the configuration file as a model; documentation and JSON schema are made from these.

All models are frozen and refuse unknown keys. `key` is the name under which an object is stored. Fields
marked `private` are written to the audit trail as changed, but without their value.
"""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from leitstand.configuration import amazon, azure, google_cloud
from leitstand.configuration import values as v
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.tiers import Tier

PRIVATE: dict[str, Any] = {"private": True}
MAX_KEY = 200  # characters of a stored name


class Section(BaseModel):
    """What all sections share. A key with the value null counts as not given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @property
    def key(self) -> str:
        """The name under which this object is stored."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, body: Any) -> Any:
        if isinstance(body, dict) and None in body.values():
            return {k: inner for k, inner in body.items() if inner is not None or k not in cls.model_fields}
        return body


class Named(Section):
    """An object with a name of its own, unique within its section."""

    name: v.Name = Field(description="Unique name; 1 to 120 printable characters.")

    @property
    def key(self) -> str:
        return self.name


class Organisation(Section):
    """The company that runs this installation."""

    name: Annotated[str, Field(max_length=v.MAX_NAME)] = Field(default="", description="Name of the company.")
    state: v.State | None = Field(
        default=None, description="Federal state as two letters; decides the public holidays."
    )
    timezone: v.TimeZone = Field(
        default="Europe/Berlin", description="Time zone in which days and months begin."
    )
    language: Literal["de", "en"] = Field(default="de", description="Language of pages and refusals.")
    currency: Literal["EUR"] = Field(default="EUR", description="Currency in which money is counted.")

    @property
    def key(self) -> str:
        return "organisation"


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


class Strategy(StrEnum):
    """In which order the targets of a model are tried."""

    PRIORITY = "priority"
    WEIGHTED = "weighted"
    FASTEST = "fastest"
    CHEAPEST = "cheapest"


class Target(Section):
    """A model at a provider."""

    provider: v.Name = Field(description="Name of the provider.")
    model: v.ModelID = Field(description="Name of the model there (at Azure: of the deployment).")
    weight: v.Weight = Field(default=1, description="Share of the traffic with strategy `weighted`.")
    context_tokens: v.PositiveCount | None = Field(
        default=None,
        description="How many tokens a prompt may have there; longer ones go to other targets. None: as the "
        "price list says, which only changes the order.",
    )


class Tiers(Section):
    """The models from which each request takes one by how demanding it is; a tier without one takes the next larger."""

    simple: v.Name | None = Field(
        default=None, description="Model for simple tasks: translate, shorten, look up."
    )
    standard: v.Name | None = Field(
        default=None, description="Model for usual tasks: write a letter, explain something."
    )
    complex: v.Name | None = Field(
        default=None, description="Model for demanding tasks: analyse, calculate, plan, judge."
    )

    @model_validator(mode="after")
    def _some(self) -> "Tiers":
        if not self.models:
            raise v.refused("Die Stufen nennen kein Modell.", "The tiers name no model.")
        return self

    @property
    def models(self) -> dict[Tier, str]:
        """Names of models by tier, in rising order."""
        named = ((tier, getattr(self, tier.value)) for tier in Tier)
        return {tier: name for tier, name in named if name is not None}


class Model(Named):
    """A name that clients ask for, and what is behind it: targets at providers, or other models as tiers."""

    description: v.Text = Field(default="", description="What it is good for; shown where people choose.")
    strategy: Strategy = Field(default=Strategy.PRIORITY, description="Order in which targets are tried.")
    cache: bool = Field(default=False, description="Whether identical requests are answered from the cache.")
    buffered: bool = Field(
        default=False,
        description="Whether a stream is sent only when the whole answer is there; then another target can "
        "take over at any time.",
    )
    continuation: bool = Field(
        default=False,
        description="Whether an answer that breaks off is continued by a target that can do so.",
    )
    hedge_after: v.Seconds | None = Field(
        default=None,
        description="After so many seconds without content a second target is asked beside the first, which "
        "may cost twice; none: never.",
    )
    targets: tuple[Target, ...] = Field(
        default=(),
        description="Providers and their models, in order; at least one, unless there are tiers.",
        json_schema_extra={"minItems": 1},
    )
    tiers: Tiers | None = Field(
        default=None,
        description="Instead of targets: models between which each request is decided; usual for a model `auto`.",
    )

    @field_validator("targets")
    @classmethod
    def _some(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if not targets:
            raise v.refused("Das Modell braucht mindestens ein Ziel.", "The model needs at least one target.")
        return targets

    @model_validator(mode="after")
    def _targets_or_tiers(self) -> "Model":
        if not self.targets and self.tiers is None:
            raise v.refused(
                "Das Modell braucht mindestens ein Ziel (targets) oder Stufen (tiers).",
                "The model needs at least one target (targets) or tiers.",
            )
        if self.tiers is None:
            return self
        beside = self.model_fields_set - {"name", "description", "tiers"}
        idle = ", ".join(name for name in type(self).model_fields if name in beside and getattr(self, name))
        if idle:
            raise v.refused(
                f"Neben tiers hat keine Wirkung: {idle}. Tragen Sie es bei den Modellen der Stufen ein.",
                f"Beside tiers these have no effect: {idle}. Write them at the models of the tiers.",
            )
        return self

    @model_validator(mode="after")
    def _rescued_in_one_way(self) -> "Model":
        if self.buffered and self.continuation:
            raise v.refused(
                "buffered und continuation schließen sich aus: Was noch nicht gesendet ist, wird neu erfragt.",
                "buffered and continuation exclude each other: what is not yet sent is asked for anew.",
            )
        if self.hedge_after is not None and len(self.targets) < 2:
            raise v.refused(
                "hedge_after braucht ein zweites Ziel.", "hedge_after needs a second target."
            )
        return self


class Budget(Section):
    """What a use case may use; no value: no limit."""

    eur_per_day: v.Amount | None = Field(default=None, description="EUR per calendar day.")
    eur_per_month: v.Amount | None = Field(default=None, description="EUR per calendar month.")
    tokens_per_day: v.Count | None = Field(
        default=None, description="Input and output tokens per calendar day."
    )
    tokens_per_month: v.Count | None = Field(
        default=None, description="Input and output tokens per calendar month."
    )
    at_limit: v.AtLimit = Field(default="refuse", description="`refuse`, or `downgrade:MODEL`.")


class UseCase(Named):
    """What people use AI for: the unit of rights, budgets and figures."""

    title: v.Text = Field(default="", description="Name shown to people; empty: `name`.")
    description: v.Text = Field(default="", description="What it is for.")
    department: Annotated[str, Field(max_length=v.MAX_NAME)] = Field(
        default="", description="Department that it belongs to; empty: the whole company."
    )
    data_class: v.ClassWord = Field(
        default=DataClass.INTERNAL,
        description="Lowest data class of its requests; detectors can only raise it.",
    )
    models: v.Names = Field(default=(), description="Models that it may ask for; empty: all.")
    budget: Budget = Field(default=Budget(), description="Limits of this use case.")
    pseudonymise: Literal["auto", "always"] = Field(
        default="auto", description="`auto`: as the policy says; `always`: for targets inside the house too."
    )
    semantic_cache: bool = Field(
        default=False,
        description="Whether a question gets the stored answer to the same question in other words; works with "
        "models whose `cache` is on.",
    )
    tier: Literal["auto", "simple", "standard", "complex"] = Field(
        default="auto",
        description="Tier of its requests to a model with tiers. `auto`: each is judged; `complex`: exempt from "
        "saving.",
    )
    max_tier: Tier | None = Field(
        default=None, description="Largest tier that its requests to a model with tiers may take; none: any."
    )

    @model_validator(mode="after")
    def _tier_below_its_most(self) -> "UseCase":
        if self.tier != "auto" and self.max_tier is not None and Tier(self.tier).rank > self.max_tier.rank:
            raise v.refused(
                f"Die Stufe {self.tier} liegt über der größten erlaubten ({self.max_tier}).",
                f"The tier {self.tier} is above the largest allowed one ({self.max_tier}).",
            )
        return self


class User(Named):
    """A person who signs in or owns keys."""

    email: v.Email | None = Field(
        default=None, description="E-mail address; signs in with it.", json_schema_extra=PRIVATE
    )
    display_name: Annotated[str, Field(max_length=v.MAX_NAME)] = Field(
        default="", description="Name shown on pages; empty: `name`.", json_schema_extra=PRIVATE
    )
    department: Annotated[str, Field(max_length=v.MAX_NAME)] = Field(default="", description="Department.")
    role: Role = Field(default=Role.USER, description="What the person may do.")
    active: bool = Field(default=True, description="Whether the person may sign in and their keys work.")


MEASURES = ("eur_per_day", "eur_per_month", "tokens_per_day", "tokens_per_month", "requests_per_minute")


class Limit(Section):
    """How much a company, department, use case, user, key or model may use.

    In the file one entry may give several measures; each is stored as a limit of its own.
    """

    scope: v.ScopeText = Field(
        description="`company`, `department:NAME`, `use_case:NAME`, `user:NAME`, `key:ID` or `model:NAME`; "
        "`*` as the name: each by itself."
    )
    eur_per_day: v.Amount | None = Field(default=None, description="EUR per calendar day.")
    eur_per_month: v.Amount | None = Field(default=None, description="EUR per calendar month.")
    tokens_per_day: v.Count | None = Field(
        default=None, description="Input and output tokens per calendar day."
    )
    tokens_per_month: v.Count | None = Field(
        default=None, description="Input and output tokens per calendar month."
    )
    requests_per_minute: v.Count | None = Field(default=None, description="Requests per minute.")
    at_limit: v.AtLimit = Field(
        default="refuse", description="`refuse`, or `downgrade:MODEL` to go on with a cheaper model."
    )

    @model_validator(mode="after")
    def _measures_something(self) -> "Limit":
        if not self.measures:
            raise v.refused(
                f"Die Grenze nennt kein Maß. Möglich sind: {', '.join(MEASURES)}.",
                f"The limit names no measure. Possible are: {', '.join(MEASURES)}.",
            )
        return self

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that are given; exactly one in a stored limit."""
        return tuple(measure for measure in MEASURES if getattr(self, measure) is not None)

    @property
    def key(self) -> str:
        return f"{self.scope} {' '.join(self.measures)}"


class Price(Section):
    """What a provider charges for a model, per million tokens or per unit; overrides the built-in table."""

    provider: v.Name = Field(description="Name of the provider.")
    model: v.ModelID = Field(description="Name of the model at the provider.")
    input: v.Amount = Field(description="Per million input tokens, in `currency`.")
    cached_input: v.Amount | None = Field(
        default=None, description="Per million input tokens read from the provider's cache; none: as `input`."
    )
    cache_write: v.Amount | None = Field(
        default=None,
        description="Per million input tokens written to the provider's cache; none: as `input`.",
    )
    output: v.Amount = Field(description="Per million output tokens, reasoning included, in `currency`.")
    per_image: v.Amount | None = Field(
        default=None, description="Per picture; tokens, if reported, cost `input` and `output` besides."
    )
    per_minute: v.Amount | None = Field(
        default=None, description="Per minute of sound that is transcribed, counted by the second."
    )
    per_search: v.Amount | None = Field(default=None, description="Per search of a reranker.")
    currency: v.Currency = Field(default="EUR", description="Three letters (ISO 4217).")
    valid_from: v.Day | None = Field(default=None, description="First day of this price; none: always.")

    @property
    def key(self) -> str:
        since = f" / {self.valid_from}" if self.valid_from else ""
        key = f"{self.provider} / {self.model}{since}"
        if len(key) <= MAX_KEY:
            return key
        return f"{key[: MAX_KEY - 33]} {sha256(key.encode()).hexdigest()[:32]}"


class PolicyRule(Section):
    """Where data of one class may be processed, and how."""

    regions: tuple[Region, ...] = Field(description="Regions that may process it; an empty list refuses all.")
    pseudonymise: bool = Field(
        default=True, description="Whether personal data is replaced before a request leaves the house."
    )
    dpa: bool = Field(default=True, description="Whether a valid data-processing agreement is needed.")


class AlertChannel(Named):
    """Where alerts are sent."""

    kind: Literal["webhook"] = Field(description="How it is reached.")
    url: v.WebAddress = Field(
        description="Address that takes the alert as JSON by POST; `env:NAME` or `file:PATH` keep it secret.",
        json_schema_extra=PRIVATE,
    )


class Alerts(Section):
    """What happens with alerts."""

    channels: tuple[AlertChannel, ...] = Field(default=(), description="Where alerts are sent.")


class ExchangeRate(Section):
    """Price of one euro in another currency on a day; prices in that currency are converted with it."""

    currency: v.Currency = Field(description="Three letters (ISO 4217).")
    date: v.Day = Field(description="First day on which the rate is used.")
    per_euro: v.PositiveAmount = Field(description="Units of the currency for 1 EUR.")

    @property
    def key(self) -> str:
        return f"{self.currency} {self.date}"


class Privacy(Section):
    """How personal data is found, and terms that the detectors treat in a fixed way."""

    allow: v.Terms = Field(default=(), description="Own names that stay readable.", json_schema_extra=PRIVATE)
    always: v.Terms = Field(
        default=(), description="Terms that are always replaced.", json_schema_extra=PRIVATE
    )
    never: v.Terms = Field(
        default=(), description="Terms that are never replaced.", json_schema_extra=PRIVATE
    )
    detection: Literal["full", "rules"] = Field(
        default="full",
        description="`full`: rules and the name tagger. `rules`: rules alone, where the tagger cannot run; "
        "more names get through.",
    )

    @property
    def key(self) -> str:
        return "privacy"


class Policy(Section):
    """Per data class: where it may be processed. A class that is not named keeps its rule."""

    public: PolicyRule | None = Field(default=None, description="Data that anybody may see.")
    internal: PolicyRule | None = Field(default=None, description="Data for people of the company.")
    confidential: PolicyRule | None = Field(default=None, description="Data for few people of the company.")
    personal: PolicyRule | None = Field(default=None, description="Data about people (GDPR article 4).")
    special: PolicyRule | None = Field(default=None, description="Special categories (GDPR article 9).")


class File(Section):
    """The whole configuration file. Sections may be left out; what is not named stays as it is."""

    schema_id: ClassVar[str] = "leitstand-configuration"

    organisation: Organisation | None = Field(default=None, description="The company.")
    providers: tuple[Provider, ...] = Field(default=(), description="Who runs models.")
    models: tuple[Model, ...] = Field(default=(), description="The names that clients ask for.")
    use_cases: tuple[UseCase, ...] = Field(default=(), description="What people use AI for.")
    users: tuple[User, ...] = Field(default=(), description="People.")
    limits: tuple[Limit, ...] = Field(default=(), description="Limits on use.")
    prices: tuple[Price, ...] = Field(default=(), description="Prices that override the built-in table.")
    policy: Policy | None = Field(default=None, description="Where data of each class may be processed.")
    alerts: Alerts | None = Field(default=None, description="Where alerts go.")
    exchange_rates: tuple[ExchangeRate, ...] = Field(default=(), description="Exchange rates to the euro.")
    privacy: Privacy | None = Field(default=None, description="Terms with a fixed treatment.")
