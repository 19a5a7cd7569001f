"""A service account of our own making, and one call through pool and door."""

import json
from contextlib import aclosing

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from leitstand.core import registry
from leitstand.core.classes import Region
from leitstand.core.conversation import Frame, Masked, Prompt
from leitstand.providers import adapters
from leitstand.providers.access_tokens import AccessTokens
from leitstand.providers.adapters.vertex import Vertex
from leitstand.providers.base import Adapter, Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.http.pool import Pool

PATIENCE = Patience(connect_s=2, first_token_s=1.5, idle_s=0.6, total_s=3)
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
EMAIL = "ki@musterwerk.iam.gserviceaccount.com"


def key_file(token_root: str, **change: str) -> str:
    """The text of a key file whose tokens come from `token_root`/token."""
    pem = _KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account", "project_id": "musterwerk-ki", "private_key_id": "k1",
            "private_key": pem.decode(), "client_email": EMAIL, "client_id": "1",
            "token_uri": f"{token_root}/token", **change,
        }
    )  # fmt: skip


def gemini_target(root: str, model: str = "gemini-3.8-flash", secret: str = "AIza-geheim-4711") -> Target:
    return Target("google", "gemini", model, Region.OTHER, f"{root}/v1beta", secret, PATIENCE)


def vertex_target(root: str, secret: str, model: str = "gemini-3.8-flash") -> Target:
    place = (("location", "europe-west3"),)
    return Target("google", "vertex", model, Region.EU, f"{root}/v1", secret, PATIENCE, options=place)


class Line:
    """A pool and a door with a Vertex adapter that remembers no token of another test."""

    def __init__(self, tokens: AccessTokens | None = None) -> None:
        self.pool = Pool()
        shelf = registry.load(adapters, "ADAPTER", "kind", Adapter)
        self._door = Door(self.pool, {**shelf, "vertex": Vertex(tokens)})

    async def ask(self, prompt: Prompt, target: Target) -> list[Frame]:
        async with aclosing(self._door.send(Masked(prompt), target)) as frames:
            return [frame async for frame in frames]
