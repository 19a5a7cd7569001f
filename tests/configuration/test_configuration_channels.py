"""Ways out in the configuration: each kind says what it lacks; addresses and keys are sealed; on call names who exists."""

import pytest
from configuration_support import Installation
from pydantic import ValidationError

from leitstand.configuration import models as m
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import load
from leitstand.configuration.export import export
from leitstand.configuration.file import read
from leitstand.configuration.refusal import ConfigurationRefused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "webhook"}, "needs 'url'"),
        ({"kind": "email"}, "needs 'to'"),
        ({"kind": "pagerduty"}, "needs 'secret'"),
        ({"kind": "email", "to": ["it@firma.example"], "url": "https://x.example"}, "does not know 'url'"),
        ({"kind": "slack", "url": "hooks"}, "must start with http"),
        ({"kind": "apprise", "url": "twilio"}, "looks like this"),
        ({"kind": "webhook", "url": "http://a.example", "name": "on_call"}, "another name"),
    ],
)
def test_a_channel_says_what_is_wrong(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        m.AlertChannel.model_validate({"name": "weg"} | given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"user": "x"}, "belong together"),
        ({"user": "x", "password": "y", "security": "none"}, "No password crosses"),
    ],
)
def test_a_mail_server_gets_no_password_in_clear_text(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        m.Mail.model_validate({"host": "mail", "sender": "l@firma.example"} | given)


TEXT = """
mail: {host: mail.firma.example, sender: l@firma.example, user: l, password: geheim-1}
alerts:
  channels:
    - {name: it, kind: email, to: [it@firma.example]}
    - {name: team, kind: slack, url: "https://hooks.firma.example/geheim-2"}
    - {name: haken, kind: webhook, url: env:HAKEN, secret: geheim-3}
  routes: [{name: nachts, channels: [on_call]}]
on_call:
  people: [{name: Anna, channels: [it]}]
  first_day: 2026-11-16
"""


def apply(installation: Installation, text: str) -> None:
    editor: Editor = installation.editor
    editor.apply(read(text, editor.state().known), "anna")


def test_addresses_and_keys_are_sealed_and_come_back_from_an_export(installation: Installation) -> None:
    apply(installation, TEXT)
    found = load(installation.engine)
    assert found.mail is not None
    assert found.mail.password == "sealed:mail/mail/password"
    assert found.alert_channels["team"].url == "sealed:alert_channel/team/url"
    assert found.alert_channels["haken"].url == "env:HAKEN"
    exported = export(installation.editor.state())
    assert "geheim" not in exported
    apply(installation, exported)
    assert load(installation.engine).alert_channels == found.alert_channels
    assert load(installation.engine).on_call == found.on_call


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("channels: [it]}", "channels: [sms]}", "no alert channel 'sms'"),
        ("channels: [on_call]", "channels: [bereit]", "no alert channel 'bereit'"),
        ("people: [{name: Anna", "swaps: [{begins: 2026-11-17, ends: 2026-11-17, person: Ana}]\n  people: [{name: Anna", "Did you mean 'Anna'"),
    ],
)  # fmt: skip
def test_names_that_lead_nowhere_are_refused(
    installation: Installation, old: str, new: str, words: str
) -> None:
    with pytest.raises(ConfigurationRefused, match=words):
        apply(installation, TEXT.replace(old, new, 1))


def test_on_call_in_a_route_needs_the_section(installation: Installation) -> None:
    with pytest.raises(ConfigurationRefused, match="on-call rota"):
        apply(installation, TEXT.partition("on_call:\n")[0])


def test_a_mail_channel_without_a_mail_server_is_a_doubt(installation: Installation) -> None:
    text = "alerts: {channels: [{name: it, kind: email, to: [it@firma.example]}]}"
    (found,) = read(text, installation.editor.state().known).findings
    assert (found.severity, found.path) == ("warning", "alerts.channels[0].kind")


def test_swaps_of_a_page_stay_when_a_file_without_them_is_applied(installation: Installation) -> None:
    apply(installation, TEXT)
    plan = load(installation.engine).on_call
    assert plan is not None
    swap = {"begins": "2026-11-17", "ends": "2026-11-18", "person": "Anna"}
    body = plan.model_dump(mode="json", exclude_unset=True)
    installation.editor.set_object("on_call", {**body, "swaps": [swap]}, "jonas")
    apply(installation, TEXT)
    assert [each.person for each in load(installation.engine).on_call.swaps] == ["Anna"]  # type: ignore[union-attr]
