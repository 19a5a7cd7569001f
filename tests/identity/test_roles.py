"""The rights table: exactly what each role may do."""

import pytest

from leitstand.core.classes import Role
from leitstand.core.errors import NotPermitted
from leitstand.identity.roles import RIGHTS, ROLES, Permission, may, permissions, require

P = Permission
USER = {P.CHAT_USE, P.GATEWAY_USE, P.OWN_USAGE_READ, P.OWN_KEYS_READ}
POWER_USER = USER | {P.DEPARTMENT_FIGURES_READ, P.REGRESSION_READ}
ADMIN = POWER_USER | {
    P.OPERATIONS_READ, P.CONFIGURATION_READ, P.CONFIGURATION_WRITE, P.PROVIDERS_WRITE, P.DRILLS_PLAY, P.ALERTS_HANDLE, P.VAULT_ERASE,
    P.REGRESSION_RUN, P.LEAKS_READ, P.INCIDENTS_WRITE,
    P.USERS_READ, P.USERS_WRITE, P.KEYS_READ, P.KEYS_WRITE, P.BUDGETS_READ, P.BUDGETS_EXTEND,
}  # fmt: skip
SUPER_ADMIN = ADMIN | {P.AUDIT_READ, P.ROLES_GRANT, P.LEAKS_JUDGE}


@pytest.mark.parametrize(
    ("role", "rights"),
    [(Role.USER, USER), (Role.POWER_USER, POWER_USER), (Role.ADMIN, ADMIN), (Role.SUPER_ADMIN, SUPER_ADMIN)],
)
def test_a_role_holds_exactly_these_rights(role: Role, rights: set[Permission]) -> None:
    assert permissions(role) == RIGHTS[role] == rights


def test_each_role_adds_rights_of_its_own_to_those_below() -> None:
    assert [row.role for row in ROLES] == list(Role)
    for lower, higher in zip(Role, list(Role)[1:], strict=False):
        assert RIGHTS[lower] < RIGHTS[higher]
    added = [right for row in ROLES for right in row.adds]
    assert sorted(added) == sorted(Permission)


@pytest.mark.parametrize("right", [P.ROLES_GRANT, P.AUDIT_READ])
def test_an_administrator_neither_grants_roles_nor_reads_the_audit(right: Permission) -> None:
    assert not may(Role.ADMIN, right)


def test_no_role_may_read_other_peoples_conversations() -> None:
    assert not [right for right in Permission if "conversation" in right or "content" in right]


def test_a_missing_right_is_named_in_the_refusal() -> None:
    with pytest.raises(NotPermitted) as refused:
        require(Role.USER, P.KEYS_WRITE)
    assert (refused.value.status, refused.value.detail) == (403, {"permission": "keys.write"})
    assert "keys.write" in refused.value.de
    assert "keys.write" in refused.value.en
