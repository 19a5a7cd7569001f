"""Asking a running server's `/api` from the command line, with a key."""

import argparse
import json
from typing import Any

ADDRESS = "http://127.0.0.1:8080"
_TIMEOUT_S = 120.0
_LIMIT_BYTES = 4 * 1024 * 1024


def add_server_options(parser: argparse.ArgumentParser, holder: str) -> None:
    """`--url`, `--key` and `--json`. holder: whose key it must be, in words."""
    parser.add_argument("--url", default=ADDRESS, help=f"address of the server (default: {ADDRESS})")
    parser.add_argument("--key", metavar="KEY", help=f"key of {holder} (default: LEITSTAND_KEY)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def ask(
    args: argparse.Namespace, method: str, path: str, wish: dict[str, Any] | None = None,
    *, timeout_s: float = _TIMEOUT_S,
) -> dict[str, Any]:  # fmt: skip
    """The server's answer to a request; raises a Refusal with its own words.

    path: below the address, e.g. `/api/tools`. wish: the body, None for none.
    """
    import asyncio

    from leitstand.core import settings
    from leitstand.core.errors import InvalidKey, InvalidRequest
    from leitstand.providers.http.faults import HTTPFault

    key = args.key or settings.read("key")
    if not key:
        raise InvalidKey(
            "Es fehlt ein Schlüssel: --key oder LEITSTAND_KEY.",
            "A key is missing: give --key or set LEITSTAND_KEY.",
        )
    try:
        status, body = asyncio.run(_exchange(method, f"{args.url.rstrip('/')}{path}", key, wish, timeout_s))
    except (HTTPFault, ValueError) as cause:
        raise InvalidRequest(
            f"Unter {args.url} antwortet kein Server: {cause}.",
            f"No server answers at {args.url}: {cause}. Start 'leitstand serve' or give --url.",
        ) from cause
    said = _read(body)
    if status not in (200, 201) or not said:
        reason = said["error"]["message"] if "error" in said else "this is not the address of Leitstand."
        raise InvalidRequest(reason, reason)
    return said


async def _exchange(
    method: str, url: str, key: str, wish: dict[str, Any] | None, timeout_s: float
) -> tuple[int, bytes]:
    from leitstand.providers.http.pool import Pool
    from leitstand.providers.http.request import HTTPRequest, Timeouts

    headers = (
        ("authorization", f"Bearer {key}"), ("accept-language", "en"), ("content-type", "application/json"),
    )  # fmt: skip
    body = b"" if wish is None else json.dumps(wish).encode()
    request = HTTPRequest(method, url, headers, body)
    pool = Pool()
    try:
        async with pool.send(request, Timeouts(5.0, timeout_s, 30.0, timeout_s)) as answer:
            return answer.status, await answer.body(_LIMIT_BYTES)
    finally:
        await pool.close()


def _read(body: bytes) -> dict[str, Any]:
    """The object that a body holds; empty for anything else."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
