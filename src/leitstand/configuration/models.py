"""Every section of the configuration file as a model; documentation and JSON schema are made from these.

All models are frozen and refuse unknown keys. `key` is the name under which an object is stored. Fields
marked `private` are written to the audit trail as changed, but without their value.
"""

from decimal import Decimal
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.alerts import AlertChannel as AlertChannel
from leitstand.configuration.alerts import AlertRoute as AlertRoute
from leitstand.configuration.alerts import AlertRule as AlertRule
from leitstand.configuration.alerts import Alerts as Alerts
from leitstand.configuration.backing_up import Backup as Backup
from leitstand.configuration.calendar import BusinessCalendar as BusinessCalendar
from leitstand.configuration.channels import Mail as Mail
from leitstand.configuration.incidents import Heartbeat as Heartbeat
from leitstand.configuration.incidents import Incidents as Incidents
from leitstand.configuration.keeping import Retention as Retention
from leitstand.configuration.leak_watch import LeakWatch as LeakWatch
from leitstand.configuration.mcp_servers import MCPServer as MCPServer
from leitstand.configuration.mcp_servers import Runs as Runs
from leitstand.configuration.on_call import OnCall as OnCall
from leitstand.configuration.privacy_rules import Pattern as Pattern
from leitstand.configuration.privacy_rules import Term as Term
from leitstand.configuration.providers import DPA as DPA
from leitstand.configuration.providers import Probe as Probe
from leitstand.configuration.providers import Provider as Provider
from leitstand.configuration.providers import ProviderKind as ProviderKind
from leitstand.configuration.providers import ProviderLimits as ProviderLimits
from leitstand.configuration.providers import Timeouts as Timeouts
from leitstand.configuration.routes import Model as Model
from leitstand.configuration.routes import Strategy as Strategy
from leitstand.configuration.routes import Target as Target
from leitstand.configuration.routes import Tiers as Tiers
from leitstand.configuration.sections import MAX_KEY
from leitstand.configuration.sections import PRIVATE as PRIVATE
from leitstand.configuration.sections import Named as Named
from leitstand.configuration.sections import Section as Section
from leitstand.configuration.unusual import UnusualUsage as UnusualUsage
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.tiers import Tier


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
    runs: Runs = Field(default=Runs(), description="How far one agent run may go.")

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


class Extension(Section):
    """More for one limit until its period ends; after that it has no effect."""

    scope: v.NamedScope = Field(description="Whose limit: as in `limits`, with a name instead of `*`.")
    measure: Literal["eur_per_day", "eur_per_month", "tokens_per_day", "tokens_per_month"] = Field(
        description="Which limit of that scope."
    )
    period: v.PeriodLabel = Field(description="The day (2026-11-23) or month (2026-11) that it is for.")
    amount: v.PositiveAmount = Field(description="How much is added: EUR or tokens, as the measure says.")
    reason: v.Reason = Field(description="Why, for the audit trail.")

    @model_validator(mode="after")
    def _period_of_the_measure(self) -> "Extension":
        if len(self.period) != (7 if self.measure.endswith("month") else 10):
            raise v.refused(
                f"„{self.period}“ passt nicht zu {self.measure}: ein Monat heißt 2026-11, ein Tag 2026-11-23.",
                f"'{self.period}' does not fit {self.measure}: a month is 2026-11, a day 2026-11-23.",
            )
        if self.measure.startswith("tokens") and self.amount != int(self.amount):
            raise v.refused("Tokens sind ganze Zahlen.", "Tokens are whole numbers.")
        return self

    @property
    def key(self) -> str:
        return f"{self.scope} {self.measure} {self.period}"


class Grace(Section):
    """Lets one user, key or use case pass every limit by an amount, up to a day. All of it counts and is marked."""

    scope: v.GraceScope = Field(description="`user:NAME`, `key:ID` or `use_case:NAME`.")
    until: v.Day = Field(description="The last day, included.")
    eur: v.Amount = Field(default=Decimal(0), description="How far beyond limits in EUR.")
    tokens: v.Count = Field(default=0, description="How far beyond limits in tokens.")
    reason: v.Reason = Field(description="Why, for the audit trail.")

    @model_validator(mode="after")
    def _grants_something(self) -> "Grace":
        if not self.eur and not self.tokens:
            raise v.refused(
                "Die Kulanz nennt weder eur noch tokens.", "The grace names neither eur nor tokens."
            )
        return self

    @property
    def key(self) -> str:
        return self.scope


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
    images: Literal["cover", "refuse"] = Field(
        default="cover",
        description="`cover`: images are read (Tesseract) and personal data in them is covered before they leave. `refuse`: "
        "they are not read, and from class personal on they stay in the house.",
    )
    vault_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=180,
        description="Days after which the placeholders of a client's file (`x-leitstand-scope`) that nobody used are "
        "erased for good.",
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
    extensions: tuple[Extension, ...] = Field(default=(), description="More for a limit in one period.")
    graces: tuple[Grace, ...] = Field(default=(), description="Who may pass limits, how far and until when.")
    prices: tuple[Price, ...] = Field(default=(), description="Prices that override the built-in table.")
    policy: Policy | None = Field(default=None, description="Where data of each class may be processed.")
    alerts: Alerts | None = Field(default=None, description="Where alerts go.")
    mail: Mail | None = Field(default=None, description="The mail server.")
    on_call: OnCall | None = Field(default=None, description="Who is on duty.")
    calendar: BusinessCalendar | None = Field(default=None, description="When people work.")
    incidents: Incidents | None = Field(default=None, description="What is asked for in an incident.")
    heartbeat: Heartbeat | None = Field(default=None, description="A sign of life to a watch outside.")
    exchange_rates: tuple[ExchangeRate, ...] = Field(default=(), description="Exchange rates to the euro.")
    privacy: Privacy | None = Field(default=None, description="Terms with a fixed treatment.")
    terms: tuple[Term, ...] = Field(
        default=(), description="Words that are always or never replaced, for all or for one department."
    )
    patterns: tuple[Pattern, ...] = Field(
        default=(), description="Own regular expressions for personal data."
    )
    leak_watch: LeakWatch | None = Field(default=None, description="The second look at what left the house.")
    unusual_usage: UnusualUsage | None = Field(
        default=None, description="When use is far outside its own pattern."
    )
    retention: Retention | None = Field(default=None, description="How long what happened is kept.")
    backup: Backup | None = Field(default=None, description="Backups every night.")
    mcp_servers: tuple[MCPServer, ...] = Field(
        default=(), description="Tool servers that are published under `/mcp`."
    )
