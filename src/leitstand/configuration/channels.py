"""The ways on which alerts reach people and machines (`alerts.channels`), and the mail server that some of them use (`mail`)."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationInfo, field_validator, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.sections import PRIVATE, Named, Section

ChannelKind = Literal[
    "webhook", "email", "teams", "slack", "mattermost", "pagerduty", "opsgenie", "apprise"
]  # fmt: skip
ON_CALL = "on_call"  # the name in routes that stands for whoever is on duty
_REFERENCES = ("env:", "file:", "sealed:")


class Needs(NamedTuple):
    """Which fields of a channel a kind needs, and which it knows besides."""

    needed: frozenset[str]
    known: frozenset[str] = frozenset()


_URL = Needs(frozenset({"url"}))
_KEYED = Needs(frozenset({"secret"}), frozenset({"url", "region"}))
NEEDS: dict[ChannelKind, Needs] = {
    "webhook": Needs(frozenset({"url"}), frozenset({"secret"})),
    "email": Needs(frozenset({"to"})),
    "teams": _URL,
    "slack": _URL,
    "mattermost": _URL,
    "pagerduty": _KEYED,
    "opsgenie": _KEYED,
    "apprise": _URL,
}
_EXAMPLES = {
    "url": ("url: env:MELDEWEG_URL", "url: env:CHANNEL_URL"),
    "secret": ("secret: env:MELDEWEG_SCHLUESSEL", "secret: env:CHANNEL_KEY"),
    "to": ("to: [it@firma.example]", "to: [it@company.example]"),
}


class AlertChannel(Named):
    """A way on which alerts are sent."""

    kind: ChannelKind = Field(description="How it is reached.")
    url: v.SecretReference | None = Field(
        default=None,
        description="Where to: `webhook` gets the alert as JSON by POST, `teams`, `slack` and `mattermost` the address of "
        "their incoming webhook, `apprise` one of Apprise's addresses (SMS and telephone gateways and many more). "
        "`env:NAME` or `file:PATH`; a literal is accepted, encrypted and never shown again.",
    )
    secret: v.SecretReference | None = Field(
        default=None,
        description="`webhook`: signs each message; `pagerduty`: integration key; `opsgenie`: API key. Kept like `url`.",
    )
    to: Annotated[tuple[v.Email, ...], Field(max_length=50)] = Field(
        default=(), description="`email`: who gets it.", json_schema_extra=PRIVATE
    )
    region: Literal["eu", "us"] = Field(
        default="eu", description="`pagerduty`, `opsgenie`: where your account is kept; `url` overrides it."
    )

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name == ON_CALL:
            raise v.refused(
                "„on_call“ steht in Meldeketten für die Bereitschaft; nennen Sie den Meldeweg anders.",
                "'on_call' stands for whoever is on duty; give the channel another name.",
            )
        return name

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str | None, found: ValidationInfo) -> str | None:
        if url is None or url.startswith(_REFERENCES):
            return url
        if found.data.get("kind") != "apprise":
            return v.web_address(url)
        if "://" not in url:
            raise v.refused(
                "Eine Apprise-Adresse sieht so aus: dienst://zugang/ziel.",
                "An Apprise address looks like this: service://access/target.",
            )
        return url

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "AlertChannel":
        needs = NEEDS[self.kind]
        for name in sorted(needs.needed):
            if not getattr(self, name):
                de, en = _EXAMPLES[name]
                raise v.refused(
                    f"Ein Meldeweg der Art „{self.kind}“ braucht „{name}“, zum Beispiel {de}.",
                    f"A channel of kind '{self.kind}' needs '{name}', for example {en}.",
                )
        for name in ("url", "secret", "to", "region"):
            if (
                name in self.model_fields_set
                and getattr(self, name)
                and name not in needs.needed | needs.known
            ):
                raise v.refused(
                    f"Ein Meldeweg der Art „{self.kind}“ kennt „{name}“ nicht. Lassen Sie es weg.",
                    f"A channel of kind '{self.kind}' does not know '{name}'. Leave it out.",
                )
        return self


class Mail(Section):
    """The company's mail server, for channels of kind `email`."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="Its name or address.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`tls` from the first byte, `starttls` before anything is said; `none` only inside the house.",
    )
    port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="None: 587 with `starttls`, 465 with `tls`, 25 with `none`."
    )
    user: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="Name to sign in with; none: without signing in."
    )
    password: v.SecretReference | None = Field(
        default=None,
        description="Its password: `env:NAME` or `file:PATH`; a literal is accepted, encrypted and never shown again.",
    )
    sender: v.Email = Field(description="Address that mails come from.")
    ca_file: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None,
        description="Certificate of your own authority, as a PEM file; none: those of the system.",
    )

    @property
    def key(self) -> str:
        return "mail"

    @property
    def port_in_use(self) -> int:
        """The port, or what is usual."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]

    @model_validator(mode="after")
    def _both_or_none(self) -> "Mail":
        if (self.user is None) != (self.password is None):
            raise v.refused(
                "Benutzer und Kennwort gehören zusammen: Nennen Sie beide oder keines.",
                "User and password belong together: give both or neither.",
            )
        if self.password is not None and self.security == "none":
            raise v.refused(
                "Ohne Verschlüsselung geht kein Kennwort über das Netz. Schreiben Sie security: starttls oder tls.",
                "No password crosses the network without encryption. Write security: starttls or tls.",
            )
        return self


def without_mail_server(path: Path) -> Remark:
    """A channel of kind `email` without the section `mail`."""
    return Remark(
        (*path, "kind"),
        "Ein Meldeweg der Art „email“ braucht den Abschnitt „mail“; bis dahin geht darüber nichts hinaus.",
        "A channel of kind 'email' needs the section 'mail'; until then nothing leaves on it.",
        "mail: {host: mail.firma.example, sender: leitstand@firma.example}",
        "mail: {host: mail.company.example, sender: leitstand@company.example}",
        "warning",
    )
