"""Every way out keeps one contract, and each speaks its vendor's format as documented; against real HTTP servers."""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from receivers import Call, Hook, hook
from test_email import message

from leitstand.configuration.channels import NEEDS, AlertChannel
from leitstand.monitoring.notifiers import Envelope, NotDelivered
from leitstand.monitoring.notifiers.webhook import signature
from leitstand.monitoring.phrases import short
from leitstand.monitoring.shelves import load_notifiers
from leitstand.monitoring.values import Message, NoticeKind

SHELF = load_notifiers()
BY_HTTP = sorted(set(SHELF) - {"email"})
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def limited(most: int) -> dict[str, Any]:
    return {**TEXT, "maxLength": most}


def shape(needed: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": needed.split(), "properties": properties}


WIRE: dict[str, dict[str, Any]] = {
    "webhook": shape(
        "rule severity state started summary runbook labels id alert",
        severity={"enum": ["critical", "warning"]}, state={"enum": ["firing", "resolved"]}, labels={"type": "object"},
    ),
    "teams": shape(
        "type attachments", type={"const": "message"},
        attachments={"type": "array", "maxItems": 1, "items": shape(
            "contentType content", contentType={"const": "application/vnd.microsoft.card.adaptive"},
            content=shape(
                "type version body", type={"const": "AdaptiveCard"}, version={"enum": ["1.2", "1.3", "1.4", "1.5"]},
                body={"type": "array", "minItems": 1, "items": {"oneOf": [
                    shape("type text", type={"const": "TextBlock"}, text=TEXT,
                          color={"enum": ["Attention", "Warning", "Good"]}),
                    shape("type facts", type={"const": "FactSet"}, facts={"type": "array", "items": shape(
                        "title value", title=TEXT, value=TEXT)}),
                ]}},
                actions={"type": "array", "maxItems": 6, "items": shape(
                    "type title url", type={"const": "Action.OpenUrl"}, url={"pattern": "^https?://"})},
            ),
        )},
    ),
    "slack": shape(
        "text blocks", text=TEXT,
        blocks={"type": "array", "maxItems": 50, "items": {"oneOf": [
            shape("type text", type={"const": "header"}, text=shape(
                "type text", type={"const": "plain_text"}, text=limited(150))),
            shape("type text", type={"const": "section"}, text=shape(
                "type text", type={"const": "mrkdwn"}, text=limited(3000)),
                fields={"type": "array", "maxItems": 10, "items": shape("type text", text=limited(2000))}),
            shape("type elements", type={"const": "context"}, elements={"type": "array", "maxItems": 10}),
        ]}},
    ),
    "mattermost": shape(
        "text attachments", text=limited(16_383),
        attachments={"type": "array", "items": shape(
            "fallback color title text fields", fallback=TEXT, color={"pattern": "^#[0-9a-f]{6}$"}, title=TEXT, text=TEXT,
            fields={"type": "array", "items": shape("title value short", short={"type": "boolean"})},
        )},
    ),
    "pagerduty": shape(
        "routing_key event_action dedup_key payload", event_action={"enum": ["trigger", "acknowledge", "resolve"]},
        dedup_key=limited(255),
        payload=shape("summary source severity", summary=limited(1024), source=TEXT,
                      severity={"enum": ["critical", "error", "warning", "info"]}),
        links={"type": "array", "items": shape("href")},
    ),
    "opsgenie": {"oneOf": [
        shape("message alias", message=limited(130), alias=limited(512), description=limited(15_000),
              priority={"enum": ["P1", "P2", "P3", "P4", "P5"]}, tags={"maxItems": 20, "items": limited(50)},
              details={"additionalProperties": {"type": "string"}}),
        {**shape("source note", note=limited(25_000)), "not": {"required": ["message"]}},
    ]},
    "apprise": shape("version title message type"),
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as found:
        yield found


def send(
    kind: str, url: str, *messages: Message, notice: NoticeKind = "firing", secret: str = "s" * 32
) -> None:
    address = url.replace("http://", "json://") if kind == "apprise" else url
    fields = {"url": address, "secret": secret, "to": ["it@firma.example"]}
    known = NEEDS[kind].needed | NEEDS[kind].known  # type: ignore[index]
    given = {name: value for name, value in fields.items() if name in known}
    channel = AlertChannel.model_validate({"name": "way", "kind": kind, **given})
    secrets = {name: value for name, value in given.items() if isinstance(value, str)}
    SHELF[kind].send(channel, Envelope(notice, messages, "de", secrets))


def test_every_kind_of_the_configuration_is_on_the_shelf() -> None:
    assert set(SHELF) == set(NEEDS)


@pytest.mark.parametrize("kind", BY_HTTP)
@pytest.mark.parametrize(
    ("notice", "state"), [("firing", "firing"), ("resolved", "resolved"), ("reminder", "firing"), ("test", "firing")]
)  # fmt: skip
def test_what_leaves_has_the_documented_shape(
    kind: str, notice: NoticeKind, state: str, receiver: Hook
) -> None:
    long = message(title="Fehler " * 400, state=state)
    for each in (message(state=state), long):
        send(kind, receiver.url, each, notice=notice)
    assert len(receiver.calls) == 2
    for call in receiver.calls:
        Draft202012Validator(WIRE[kind]).validate(call.body)
        assert len(call.raw) < 28_000


@pytest.mark.parametrize("kind", ["teams", "slack", "mattermost"])
def test_many_alerts_fit_in_one_message(kind: str, receiver: Hook) -> None:
    send(kind, receiver.url, *(message(f"alt_{n}", severity="warning") for n in range(60)), notice="digest")
    (call,) = receiver.calls
    Draft202012Validator(WIRE[kind]).validate(call.body)
    assert b"60 Meldungen" in call.raw


@pytest.mark.parametrize("kind", BY_HTTP)
def test_it_tells_what_since_when_and_where_to_look(kind: str, receiver: Hook) -> None:
    send(kind, receiver.url, message())
    said = str(receiver.calls[0].body)
    for word in ("openai-eu", "18.11. 10:00", "meldungen/alt_1", "anbieter-ausgefallen"):
        assert word in said, word


@pytest.mark.parametrize("kind", sorted(set(BY_HTTP) - {"apprise"}))
@pytest.mark.parametrize(("status", "again"), [(500, True), (429, True), (401, False), (404, False)])
def test_a_refusal_is_no_delivery(kind: str, status: int, again: bool) -> None:
    with hook(status) as receiver:
        with pytest.raises(NotDelivered, match=str(status)) as refused:
            send(kind, receiver.url, message())
        assert refused.value.again is again


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_receiver_that_is_away_is_told_as_such_and_no_secret_with_it(kind: str) -> None:
    with pytest.raises(NotDelivered) as away:
        send(kind, "http://127.0.0.1:9/hooks/geheim", message())
    assert away.value.again
    assert "geheim" not in str(away.value)


def test_a_redirect_is_no_delivery(receiver: Hook) -> None:
    receiver.status, receiver.location = 302, "/elsewhere"
    with pytest.raises(NotDelivered, match="302"):
        send("webhook", receiver.url, message())
    assert [call.path for call in receiver.calls] == [""] or len(receiver.calls) == 1


def test_a_webhook_with_a_secret_is_signed(receiver: Hook) -> None:
    send("webhook", receiver.url, message(), secret="geheim")
    call: Call = receiver.calls[0]
    moment, _, digest = call.headers["x-leitstand-signature"].partition(",v1=")
    signed = f"{moment.removeprefix('t=')}.".encode() + call.raw
    assert hmac.new(b"geheim", signed, hashlib.sha256).hexdigest() == digest
    assert signature(call.raw, "geheim", int(moment.removeprefix("t="))) == f"{moment},v1={digest}"
    assert call.headers["x-leitstand-id"] == "alt_1/firing/critical/mail"


def test_pagerduty_and_opsgenie_close_what_they_opened(receiver: Hook) -> None:
    for kind in ("pagerduty", "opsgenie"):
        send(kind, receiver.url, message())
        send(kind, receiver.url, message(state="resolved"), notice="resolved")
    opened, closed, created, ended = receiver.calls
    assert (opened.body["event_action"], closed.body["event_action"]) == ("trigger", "resolve")
    assert opened.body["dedup_key"] == closed.body["dedup_key"] == created.body["alias"] == "alt_1"
    assert ended.path == "/v2/alerts/alt_1/close?identifierType=alias"
    assert created.headers["authorization"] == f"GenieKey {'s' * 32}"


def test_slack_wakes_nobody_by_a_name(receiver: Hook) -> None:
    send("slack", receiver.url, message(title="<!channel> & co"))
    fields = [str(block) for block in receiver.calls[0].body["blocks"] if block["type"] != "header"]
    assert not any("<!channel>" in block for block in fields)
    assert any("&lt;!channel&gt; &amp; co" in block for block in fields)


@pytest.mark.parametrize("title", ["Anbieter nicht erreichbar: openai-eu", "x" * 500])
def test_a_text_message_fits_on_a_telephone(title: str) -> None:
    text = short(Envelope("firing", (message(title=title),), "de", {}))
    assert text.startswith("[Kritisch] ")
    assert len(text) <= 160


def test_an_apprise_service_for_telephones_gets_one_short_line(receiver: Hook) -> None:
    port = receiver.url.rpartition(":")[2]
    receiver.answer = b'{"result": [{"message_id": "1", "status": "ok"}]}'
    channel = AlertChannel(
        name="sms", kind="apprise", url=f"smseagle://token@127.0.0.1:{port}/+4915112345678"
    )
    SHELF["apprise"].send(channel, Envelope("firing", (message(),), "de", {"url": channel.url or ""}))
    said = receiver.calls[0].raw.decode()
    assert "[Kritisch] Anbieter nicht erreichbar" in said
    assert "Was zu tun ist" not in said


@pytest.mark.parametrize("url", ["nonsense://x", "syslog://"])
def test_an_apprise_address_that_leads_nowhere_is_refused_for_good(url: str) -> None:
    channel = AlertChannel(name="x", kind="apprise", url=url)
    with pytest.raises(NotDelivered) as refused:
        SHELF["apprise"].send(channel, Envelope("firing", (message(),), "de", {"url": url}))
    assert not refused.value.again
