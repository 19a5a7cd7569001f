"""Whom we believe to be a provider: TLS contexts that always verify chain and name."""

import ssl


def trust(ca_file: str | None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or newer, HTTP/1.1 only.

    ca_file: PEM file that replaces the system's authorities (an internal CA). There is no way to switch
    verification off: a prompt must not reach a server that cannot prove its name.
    Reads files: call it from a thread. Raises OSError (ssl.SSLError included) for an unusable file.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
