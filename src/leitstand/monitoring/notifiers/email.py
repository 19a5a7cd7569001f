"""`email`: one mail through the company's mail server (section `mail`), as text and as HTML.

Several alerts come as one mail. The Message-ID follows from the notice, so a mail that was sent twice is one to most
servers; all mails about one alert refer to the same thread, so its end stands below its begin.
"""

import hashlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime
from html import escape

from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.monitoring.notifiers import TIMEOUT_S, Envelope, NotDelivered
from leitstand.monitoring.phrases import facts, headline, links, plain, state_word
from leitstand.monitoring.values import Message

_COLOURS = {"critical": "#b3261e", "warning": "#8a5a00", "resolved": "#1e6b3a", "test": "#3b4a5a"}
_AGAIN_FROM, _FOR_EVER = 400, 500  # SMTP: 4xx may succeed later, 5xx will not


class Email:
    """See the module."""

    kind = "email"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One mail to all receivers of the channel."""
        server = envelope.mail
        if server is None:
            raise NotDelivered("the section 'mail' is missing: no mail server is known")
        mail = compose(server.sender, channel.to, envelope)
        try:
            with _connected(server) as connection:
                if server.user is not None:
                    connection.login(server.user, envelope.secrets["mail_password"])
                refused = connection.send_message(mail)
        except smtplib.SMTPRecipientsRefused as cause:
            codes = {code for code, _ in cause.recipients.values()}
            raise NotDelivered(
                f"SMTP {min(codes)}: no receiver is accepted", again=min(codes) < _FOR_EVER
            ) from None
        except smtplib.SMTPAuthenticationError as cause:
            raise NotDelivered(f"SMTP {cause.smtp_code}: the sign-in is refused") from None
        except smtplib.SMTPResponseException as cause:
            raise NotDelivered(f"SMTP {cause.smtp_code}", again=cause.smtp_code < _FOR_EVER) from None
        except (smtplib.SMTPException, OSError, ValueError) as cause:
            raise NotDelivered(f"{type(cause).__name__}: {_reason(cause)}") from cause
        if refused:
            raise NotDelivered(f"{len(refused)} of {len(channel.to)} receivers were refused", again=False)


def _connected(server: Mail) -> smtplib.SMTP:
    """A connection that is encrypted as configured; never falls back to clear text."""
    host, port = server.host, server.port_in_use
    if server.security == "none":
        return smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    connection = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        connection.starttls(context=context)
    except BaseException:
        connection.close()
        raise
    return connection


def _reason(cause: Exception) -> str:
    return getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(cause)


# ---------------------------------------------------------------- the mail


def compose(sender: str, to: tuple[str, ...], envelope: Envelope) -> EmailMessage:
    """The mail as it is sent."""
    mail, domain, language = EmailMessage(), sender.rpartition("@")[2], envelope.language
    mail["Subject"] = headline(envelope)
    mail["From"] = Address("Leitstand", addr_spec=sender)
    mail["To"] = tuple(Address(addr_spec=each) for each in to)
    mail["Date"] = localtime()
    first = envelope.messages[0]
    threads = [_mail_id(f"thread/{message.alert}", domain) for message in envelope.messages]
    mail["Message-ID"] = _mail_id(f"{first.id}/{','.join(sorted(to))}", domain)
    mail["References"] = " ".join(threads)
    if first.state == "resolved" or envelope.kind in ("escalated", "reminder"):
        mail["In-Reply-To"] = threads[0]
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = language
    if first.severity == "critical" and first.state == "firing" and envelope.kind != "test":
        mail["Importance"] = "high"
    mail.set_content("\n\n".join(plain(message, language) for message in envelope.messages) + "\n")
    mail.add_alternative(_page(envelope), subtype="html")
    return mail


def _mail_id(text: str, domain: str) -> str:
    return f"<{hashlib.sha256(text.encode()).hexdigest()[:32]}@{domain}>"


def _page(envelope: Envelope) -> str:
    language = envelope.language
    parts = "".join(_part(envelope, message) for message in envelope.messages)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(headline(envelope))}</title></head>"
        f'<body style="font-family:sans-serif;font-size:15px;line-height:1.45;max-width:40em">{parts}</body></html>'
    )


def _part(envelope: Envelope, message: Message) -> str:
    state = "resolved" if message.state == "resolved" else message.severity
    colour = _COLOURS["test" if envelope.kind == "test" else state]
    rows = "".join(
        f'<tr><th align="left" style="padding:2px 12px 2px 0;font-weight:normal;color:#555">{escape(name)}</th>'
        f"<td>{escape(value)}</td></tr>"
        for name, value in facts(message, envelope.language)
    )
    ways = " &nbsp; ".join(
        f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in links(message, envelope.language)
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:2px 0 2px 14px;margin:0 0 22px">'
        f'<p style="margin:0;color:{colour}"><strong>{escape(state_word(envelope, message))}</strong></p>'
        f'<h1 style="font-size:18px;margin:2px 0 8px">{escape(message.title)}</h1>'
        f'<p style="margin:0 0 8px">{escape(message.summary)}</p><table>{rows}</table><p>{ways}</p></div>'
    )


NOTIFIER = Email()
