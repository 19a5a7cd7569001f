"""Whether a request repeats an earlier one, for models without a cache: a keyed digest for its record.

With it a what-if scenario can count what a cache would have answered. The digest is of the masked question within its
permission scope, under a secret of the installation: nobody without it can try questions against the journal, and
equal questions of people who may not share an answer have different digests.
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b

from leitstand.core.conversation import Masked
from leitstand.gateway.cache import NEVER_KEPT, CacheKey, PermissionScope, cache_key
from leitstand.gateway.values import Request
from leitstand.policy.admit import Admitted
from leitstand.policy.rulebook import GENERAL

REPEATS_SECRET = "repeats.key"  # noqa: S105 - the file's name
_BYTES = 9  # two different questions among a million are taken for one with a chance of 1 in 10 billion


def question_key(request: Request, admitted: Admitted, masked: Masked) -> CacheKey | None:
    """The cache key of a question, whether its model has a cache or not; None for what no cache may answer."""
    if request.cache == "off" or request.prompt.dialect in NEVER_KEPT:
        return None
    person = admitted.caller.person
    owner = person.name if admitted.use_case.name == GENERAL else ""
    scope = PermissionScope(admitted.use_case.name, person.department, owner, request.scope)
    return cache_key(scope, masked.prompt)


class Repeats:
    """Makes digests; one per process."""

    def __init__(self, secret: bytes) -> None:
        """secret: 32 bytes, the same in all processes."""
        self._secret = secret

    def digest(self, key: CacheKey) -> str:
        """Twelve characters; equal for what the cache would take for equal."""
        scope = key.scope
        named = "\x1f".join((scope.use_case, scope.department, scope.owner, scope.client_scope, key.model))
        made = blake2b(key.digest + named.encode(), digest_size=_BYTES, key=self._secret)
        return urlsafe_b64encode(made.digest()).decode()
