"""The rights table as data: what each of the four roles may do. Checked here and nowhere else.

Least privilege: a role has what it lists and what the roles below it list. Nobody has the right to read
other people's conversations; that takes a journalled break-glass, which is not a role's right.
"""

from dataclasses import dataclass
from enum import StrEnum

from leitstand.core.classes import Role
from leitstand.core.errors import NotPermitted


class Permission(StrEnum):
    """Named rights, `object.verb`. `x-leitstand-permission` in the OpenAPI schema shows these names."""

    CHAT_USE = "chat.use"
    GATEWAY_USE = "gateway.use"
    OWN_USAGE_READ = "own_usage.read"
    OWN_KEYS_READ = "own_keys.read"
    DEPARTMENT_FIGURES_READ = "department_figures.read"
    OPERATIONS_READ = "operations.read"
    CONFIGURATION_READ = "configuration.read"
    CONFIGURATION_WRITE = "configuration.write"
    PROVIDERS_WRITE = "providers.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    KEYS_READ = "keys.read"
    KEYS_WRITE = "keys.write"
    REGRESSION_READ = "regression.read"
    REGRESSION_RUN = "regression.run"
    DRILLS_PLAY = "drills.play"
    INCIDENTS_WRITE = "incidents.write"
    ALERTS_HANDLE = "alerts.handle"
    VAULT_ERASE = "vault.erase"
    BUDGETS_READ = "budgets.read"
    BUDGETS_EXTEND = "budgets.extend"
    AUDIT_READ = "audit.read"
    LEAKS_READ = "leaks.read"
    LEAKS_JUDGE = "leaks.judge"
    ROLES_GRANT = "roles.grant"


@dataclass(frozen=True)
class RoleRow:
    """One row: what the role adds to the rows above it."""

    role: Role
    de: str
    en: str
    adds: frozenset[Permission]


P = Permission
ROLES = (
    RoleRow(
        Role.USER, "Nutzer", "User",
        frozenset({P.CHAT_USE, P.GATEWAY_USE, P.OWN_USAGE_READ, P.OWN_KEYS_READ}),
    ),
    RoleRow(Role.POWER_USER, "Power-User", "Power user", frozenset({P.DEPARTMENT_FIGURES_READ, P.REGRESSION_READ})),
    RoleRow(
        Role.ADMIN, "Administrator", "Administrator",
        frozenset({
            P.LEAKS_READ, P.OPERATIONS_READ, P.CONFIGURATION_READ, P.CONFIGURATION_WRITE, P.PROVIDERS_WRITE, P.DRILLS_PLAY, P.INCIDENTS_WRITE, P.ALERTS_HANDLE, P.VAULT_ERASE,
            P.USERS_READ, P.USERS_WRITE, P.KEYS_READ, P.KEYS_WRITE, P.REGRESSION_RUN,
            P.BUDGETS_READ, P.BUDGETS_EXTEND,
        }),
    ),
    RoleRow(Role.SUPER_ADMIN, "Super-Administrator", "Super administrator",
            frozenset({P.LEAKS_JUDGE, P.AUDIT_READ, P.ROLES_GRANT})),
)  # fmt: skip


def permissions(role: Role) -> frozenset[Permission]:
    """All rights of a role, those of the roles below it included."""
    rights: frozenset[Permission] = frozenset()
    for row in ROLES:
        rights |= row.adds
        if row.role == role:
            return rights
    raise KeyError(role)


RIGHTS = {row.role: permissions(row.role) for row in ROLES}


def may(role: Role, permission: Permission) -> bool:
    """Whether a role holds a right."""
    return permission in RIGHTS[role]


def require(role: Role, permission: Permission) -> None:
    """Raise NotPermitted (403), naming the missing right and who grants it."""
    if not may(role, permission):
        raise NotPermitted(
            f"Für diese Aktion fehlt das Recht „{permission}“. Ein Super-Administrator kann eine Rolle "
            "mit diesem Recht vergeben.",
            f"This action needs the permission '{permission}'. A super administrator can grant a role "
            "that has it.",
            detail={"permission": str(permission)},
        )
