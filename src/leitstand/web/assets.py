"""Static files under an address that carries the hash of them all, so that browsers may keep them for good.

One hash for the whole folder, not one per file: modules and style sheets name each other relatively.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file in memory."""

    body: bytes
    media_type: str


class Assets:
    """All static files, read once at start: they are few and small."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.body)
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file; raises KeyError when there is no such file."""
        if name not in self._files:
            raise KeyError(f"no static file {name!r}")
        return f"{PREFIX}/{self.version}/{name}"

    async def serve(self, request: Request) -> Response:
        """`/static/VERSION/NAME`: kept for a year; an older version gets today's file, kept by nobody."""
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return Response("not found", 404, media_type="text/plain")
        current = request.path_params["version"] == self.version
        cache = "public, max-age=31536000, immutable" if current else "no-store"
        return Response(asset.body, media_type=asset.media_type, headers={"cache-control": cache})
