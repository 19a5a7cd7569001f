"""A plain HTTP client for tests: one request, no redirects, cookies by hand."""

import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from leitstand.web.security import SESSION_COOKIE

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str

    @property
    def csrf(self) -> str:
        found = _CSRF.search(self.text)
        assert found
        return found.group(1)


def fetch(
    base: str, method: str, path: str, *, form: dict[str, str] | None = None, body: str = "",
    headers: dict[str, str] | None = None, session: str = "",
) -> Reply:  # fmt: skip
    sent = dict(headers or {})
    if form is not None:
        body = urlencode(form)
        sent["content-type"] = "application/x-www-form-urlencoded"
    if session:
        sent["cookie"] = f"{SESSION_COOKIE}={session}"
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        connection.request(method, path, body or None, sent)
        response = connection.getresponse()
        cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
        return Reply(
            response.status,
            {k.lower(): v for k, v in response.getheaders()},
            cookies,
            response.read().decode(),
        )
    finally:
        connection.close()
