"""From a URL to the place where its connections are kept: origin, proxy, request line."""

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"[!-~]+")  # visible ASCII: no space, no line break


@dataclass(frozen=True, slots=True)
class Proxy:
    """A plain-HTTP forward proxy. authorization: value of Proxy-Authorization, empty for none."""

    host: str
    port: int
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What two requests must share to share a connection. host: lower case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None
    ca_file: str | None

    @property
    def netloc(self) -> str:
        """host:port as it is written in messages and in CONNECT."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """An origin, and the head of every request to one URL from behind the method to the Host header.

    start: " /path?query HTTP/1.1\\r\\nhost: …\\r\\n"; start_lines: how many lines it holds.
    """

    origin: Origin
    start: str
    start_lines: int


@dataclass(frozen=True, slots=True)
class Proxies:
    """The company's forward proxies, as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY; passed in, never read here.

    no_proxy: comma list of names (with their subdomains), addresses, networks (10.0.0.0/8), each with an
    optional :port, or `*`. Loopback addresses and `localhost` never go through a proxy.
    """

    http: str | None = None
    https: str | None = None
    no_proxy: str = ""

    def choose(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy for an origin, or None for the direct way. Raises ValueError for a wrong proxy URL."""
        url = self.https if scheme == "https" else self.http
        if not url or _is_loopback(host) or self._is_exempt(host, port):
            return None
        return parse_proxy(url)

    def _is_exempt(self, host: str, port: int) -> bool:
        return any(_matches(entry.strip().lower(), host, port) for entry in self.no_proxy.split(","))


def parse_proxy(url: str) -> Proxy:
    """`http://user:password@host:port` as a value; raises ValueError without showing the password."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("a proxy must be given as http://host:port")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, parts.port or 80, authorization)


def find_route(url: str, ca_file: str | None, proxies: Proxies) -> Route:
    """Take a URL apart, once; the pool keeps the result. Raises ValueError if it is not usable."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the URL of a provider must start with http:// or https:// and name a host")
    if parts.username is not None or parts.fragment:
        raise ValueError("the URL of a provider must not hold user info or a fragment")
    if not _TARGET.fullmatch(url):
        raise ValueError("the URL of a provider must be percent-encoded ASCII")
    host = parts.hostname.lower()
    port = parts.port or _PORTS[parts.scheme]
    origin = Origin(parts.scheme, host, port, proxies.choose(parts.scheme, host, port), ca_file)
    return _route(origin, parts)


def _route(origin: Origin, parts: SplitResult) -> Route:
    authority = origin.netloc
    if origin.port == _PORTS[origin.scheme]:
        authority = authority.removesuffix(f":{origin.port}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"host: {authority}\r\n"]
    if origin.proxy and origin.scheme == "http":
        target = f"http://{authority}{target}"
        if origin.proxy.authorization:
            lines.append(f"proxy-authorization: {origin.proxy.authorization}\r\n")
    return Route(origin, f" {target} HTTP/1.1\r\n{''.join(lines)}", 1 + len(lines))


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, _, wanted_port = entry.rpartition(":")
    if name and wanted_port.isdigit() and (":" not in name or name.startswith("[")):
        if int(wanted_port) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    if not entry:
        return False
    return host == entry or host.endswith(f".{entry}") or _is_in_network(host, entry)


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
