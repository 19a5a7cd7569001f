"""Who may use an endpoint that is no model call: the owner of the key, by the role's rights."""

from leitstand.api.requests import Incoming, credentials
from leitstand.api.transport import Scope
from leitstand.identity.callers import Caller, KeyRing
from leitstand.identity.roles import Permission, require


def authorised(keys: KeyRing, scope: Scope, incoming: Incoming, permission: Permission) -> Caller:
    """The caller, if the key is good and its owner holds the right; raises InvalidKey or NotPermitted."""
    who = credentials(scope, incoming.headers)
    caller = keys.identify(who.key, incoming.time_us, who.ip)
    require(caller.role, permission)
    return caller
