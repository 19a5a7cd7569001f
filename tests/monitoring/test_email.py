"""Mails about alerts, through a real mail server: encryption, sign-in, form, threads, and what goes wrong."""

from pathlib import Path

import pytest
from receivers import certificate, frozen, mail_server

from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.monitoring.notifiers import Envelope, NotDelivered
from leitstand.monitoring.notifiers import email as module
from leitstand.monitoring.values import Message, NoticeKind, Severity

MAIL = AlertChannel(name="mail", kind="email", to=("it@firma.example", "leitung@firma.example"))


def message(alert: str = "alt_1", *, title: str = "Anbieter nicht erreichbar: openai-eu", state: str = "firing",
            severity: Severity = "critical", kind: str = "firing") -> Message:  # fmt: skip
    return Message(
        id=f"{alert}/{kind}/{severity}/mail", rule="provider_unreachable", severity=severity, state=state,  # type: ignore[arg-type]
        started="2026-11-18T10:00:00+01:00", ended="", title=title, summary=f"{title} seit Mi 18.11. 10:00.",
        affected="40 Personen im Vertrieb", runbook="https://leitstand.firma.example/betrieb/anleitungen/anbieter-ausgefallen",
        url=f"https://leitstand.firma.example/betrieb/meldungen/{alert}", labels={"provider": "openai-eu"},
        alert=alert, since="Mi 18.11. 10:00", measured="Fehlversuche: 100 % (Grenze 50 %)",
    )  # fmt: skip


def send(
    port: int, *messages: Message, kind: NoticeKind = "firing", language: str = "de", **server: object
) -> None:
    given = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "leitstand@firma.example",
        **server,
    }
    mail = Mail.model_validate(given)
    module.NOTIFIER.send(MAIL, Envelope(kind, messages, language, {"mail_password": "geheim"}, mail))


def test_a_mail_says_what_since_when_how_bad_for_whom_and_what_to_do() -> None:
    with mail_server() as post:
        send(post.port, message())
    (mail,) = post.mails
    assert mail["Subject"] == "[Kritisch] Anbieter nicht erreichbar: openai-eu"
    assert post.receivers == [["it@firma.example", "leitung@firma.example"]]
    assert mail["From"] == "Leitstand <leitstand@firma.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    for part in ("plain", "html"):
        body = mail.get_body((part,)).get_content()  # type: ignore[union-attr]
        for word in (
            "Mi 18.11. 10:00",
            "100 % (Grenze 50 %)",
            "40 Personen",
            "anbieter-ausgefallen",
            "meldungen/alt_1",
        ):
            assert word in body, (part, word)


def test_mails_are_english_where_the_company_is() -> None:
    with mail_server() as post:
        send(post.port, message(), language="en")
    body = post.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert post.mails[0]["Subject"].startswith("[Critical] ")
    assert "How bad: " in body
    assert "What to do: https://" in body


def test_the_end_lands_in_the_thread_of_the_begin_and_a_repeat_has_the_same_id() -> None:
    with mail_server() as post:
        send(post.port, message())
        send(post.port, message())
        send(post.port, message(state="resolved", kind="resolved"), kind="resolved")
        send(post.port, message("alt_2"))
    begin, again, end, other = post.mails
    assert begin["Message-ID"] == again["Message-ID"] != end["Message-ID"]
    assert end["References"] == begin["References"] != other["References"]
    assert end["In-Reply-To"] in begin["References"]
    assert end["Subject"].startswith("[Vorbei] ")
    assert end["Importance"] is None


def test_several_alerts_come_as_one_mail() -> None:
    with mail_server() as post:
        found = [message(f"alt_{n}", title=f"Antwortzeit: m{n}", severity="warning") for n in range(3)]
        send(post.port, *found, kind="digest")
    (mail,) = post.mails
    assert mail["Subject"] == "[Warnung] 3 Meldungen: Antwortzeit: m0 und weitere"
    assert all(f"Antwortzeit: m{n} seit" in mail.get_body(("plain",)).get_content() for n in range(3))  # type: ignore[union-attr]


def test_names_cannot_write_headers_or_html() -> None:
    with mail_server() as post:
        send(post.port, message(title="x\r\nBcc: alle@firma.example\r\n<script>alert(1)</script>"))
    (mail,) = post.mails
    assert mail["Bcc"] is None
    assert "<script>" not in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_way_is_encrypted_and_the_server_proves_who_it_is(tmp_path: Path, security: str) -> None:
    authority, context = certificate(tmp_path)
    with mail_server(context, tls=security == "tls") as post:
        send(post.port, message(), ca_file=str(authority), security=security)
        assert post.encrypted == [True]
        with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
            send(post.port, message(), security=security)
    assert len(post.mails) == 1


def test_it_signs_in_where_it_has_to(tmp_path: Path) -> None:
    authority, context = certificate(tmp_path)
    with mail_server(context, sign_in=True) as post:
        way = {"security": "starttls", "ca_file": str(authority), "password": "env:X"}
        send(post.port, message(), user="leitstand", **way)
        assert post.signed_in == ["leitstand"]
        with pytest.raises(NotDelivered, match="sign-in is refused"):
            send(post.port, message(), user="somebody", **way)
    assert len(post.mails) == 1


def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with mail_server() as post, pytest.raises(NotDelivered, match="SMTPNotSupportedError"):
        send(post.port, message(), security="starttls", user="leitstand", password="env:X")
    assert post.mails == []


@pytest.mark.parametrize(("answer", "again"), [("451 later", True), ("554 spam", False)])
def test_a_refusal_says_whether_a_second_try_can_help(answer: str, again: bool) -> None:
    with mail_server() as post:
        post.answer = answer
        with pytest.raises(NotDelivered, match=answer[:3]) as refused:
            send(post.port, message())
    assert refused.value.again is again


def test_a_server_that_is_away_or_silent_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    with frozen() as port, pytest.raises(NotDelivered, match="timed out"):
        send(port, message())
    with pytest.raises(NotDelivered, match="ConnectionRefused"):
        send(port, message())


def test_without_a_mail_server_the_reason_is_told() -> None:
    with pytest.raises(NotDelivered, match="section 'mail'"):
        module.NOTIFIER.send(MAIL, Envelope("firing", (message(),), "de", {}))
