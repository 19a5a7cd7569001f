"""Who looks at a page."""

from dataclasses import dataclass

from leitstand.core.classes import Role
from leitstand.identity.roles import Permission


@dataclass(frozen=True)
class Viewer:
    """The signed-in person. csrf: the token that every form and fetch of the session must carry.

    name: the short unique one; display_name: for the eye. language: `de`, `en`, or "" for no wish.
    """

    name: str
    display_name: str
    role: Role
    permissions: frozenset[Permission]
    csrf: str
    language: str = ""
