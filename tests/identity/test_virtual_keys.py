"""Virtual keys: issued once, told apart, ended in time; and the ring that recognises them."""

from ipaddress import ip_network

import pytest

from identity.identity_desk import PEPPER, IdentityDesk
from leitstand.core.errors import InvalidKey, InvalidRequest, NotPermitted
from leitstand.identity.callers import Caller, KeyRing, Person, StoredKey, digest
from leitstand.identity.virtual_keys import KeyRequest

DAY = 86_400.0
ANNA = Person("anna")


def identify(room: IdentityDesk, key: str) -> Caller:
    return room.ring().identify(key, room.clock.time_us(), "127.0.0.1")


def test_a_key_stands_for_its_owner_and_what_it_was_made_for(room: IdentityDesk) -> None:
    new = room.keys.create(KeyRequest("anna", "Skript", ("angebote",), ("standard",)), "petra")
    caller = identify(room, new.key)
    assert (caller.name, caller.key_id) == ("anna", new.id)
    assert (caller.use_cases, caller.models) == ({"angebote"}, {"standard"})


def test_the_key_itself_is_stored_and_told_nowhere(room: IdentityDesk) -> None:
    new = room.keys.create(KeyRequest("anna"), "petra")
    assert new.key not in repr(new)
    assert new.key not in str(room.audit)
    with room.engine.connect() as connection:
        assert new.key not in str(connection.exec_driver_sql("select * from virtual_key").all())


def test_a_stolen_table_opens_nothing_without_the_pepper(room: IdentityDesk) -> None:
    new = room.keys.create(KeyRequest("anna"), "petra")
    stored = {row.digest: StoredKey(row.id, row.user) for row in room.keys.list()}
    with pytest.raises(InvalidKey):
        KeyRing(stored, room.people, b"another pepper").identify(new.key, 0, "")
    assert digest(new.key, PEPPER) in stored


def test_a_key_expires_on_the_microsecond(room: IdentityDesk) -> None:
    new = room.keys.create(KeyRequest("anna", valid_days=1), "petra")
    room.clock.now_s += DAY - 1
    identify(room, new.key)
    room.clock.now_s += 1
    with pytest.raises(InvalidKey, match="expired"):
        identify(room, new.key)


def test_rotation_overlaps_then_ends_the_old_key(room: IdentityDesk) -> None:
    old = room.keys.create(KeyRequest("anna", "Skript", ("angebote",)), "petra")
    new = room.keys.rotate(old.id, "petra", overlap_days=2)
    assert identify(room, new.key).use_cases == identify(room, old.key).use_cases == {"angebote"}
    room.clock.now_s += 2 * DAY
    with pytest.raises(InvalidKey):
        identify(room, old.key)
    identify(room, new.key)
    assert room.keys.get(old.id).replaced_by == new.id


def test_rotation_never_lengthens_the_old_key(room: IdentityDesk) -> None:
    old = room.keys.create(KeyRequest("anna", valid_days=3), "petra")
    new = room.keys.rotate(old.id, "petra", overlap_days=30)
    assert room.keys.get(old.id).expires_us == old.expires_us
    assert new.expires_us == old.expires_us


def test_a_successor_lives_as_long_as_its_predecessor_was_made_for(room: IdentityDesk) -> None:
    old = room.keys.create(KeyRequest("anna", valid_days=30), "petra")
    room.clock.now_s += 25 * DAY
    new = room.keys.rotate(old.id, "petra")
    assert new.expires_us == room.clock.time_us() + 30 * int(DAY) * 1_000_000


def test_a_revoked_key_is_told_so_and_revoked_once(room: IdentityDesk) -> None:
    new = room.keys.create(KeyRequest("anna"), "petra")
    room.keys.revoke(new.id, "petra")
    room.keys.revoke(new.id, "petra")
    with pytest.raises(InvalidKey, match="revoked"):
        identify(room, new.key)
    with pytest.raises(InvalidRequest, match="is revoked"):
        room.keys.rotate(new.id, "petra")
    assert room.verbs() == ["created", "revoked"]


def test_all_keys_of_a_person_end_together(room: IdentityDesk) -> None:
    mine = [room.keys.create(KeyRequest("anna"), "petra").id for _ in range(3)]
    other = room.keys.create(KeyRequest("ben"), "petra")
    room.keys.revoke_all("anna", "petra")
    assert all(room.keys.get(key_id).revoked_us for key_id in mine)
    assert room.keys.get(other.id).revoked_us is None


def test_keys_are_listed_newest_first_for_all_or_one(room: IdentityDesk) -> None:
    made = []
    for user in ("anna", "ben", "anna"):
        made.append(room.keys.create(KeyRequest(user), "petra").id)
        room.clock.now_s += 1
    assert [row.id for row in room.keys.list()] == made[::-1]
    assert [row.id for row in room.keys.list("anna")] == [made[2], made[0]]


def test_an_unknown_key_id_is_a_clear_refusal(room: IdentityDesk) -> None:
    with pytest.raises(InvalidRequest, match="no key key_x"):
        room.keys.get("key_x")


@pytest.mark.parametrize("network", ["hier", "192.168.1.5/24", "10.0.0.0/33", ""])
def test_a_network_that_is_none_is_refused(room: IdentityDesk, network: str) -> None:
    with pytest.raises(InvalidRequest, match="not an address range"):
        room.keys.create(KeyRequest("anna", networks=(network,)), "petra")
    assert room.keys.list() == []


def test_every_act_is_an_audit_event_with_owner_and_actor(room: IdentityDesk) -> None:
    old = room.keys.create(KeyRequest("anna", use_cases=("angebote",)), "petra")
    room.keys.rotate(old.id, "petra")
    assert room.verbs() == ["created", "created", "rotated"]
    assert {record.user for record in room.audit} == {"petra"}
    assert all(record.detail["owner"] == "anna" for record in room.audit)


@pytest.mark.parametrize(
    ("network", "ip", "inside"),
    [
        ("192.168.10.0/24", "192.168.10.7", True),
        ("192.168.10.0/24", "192.168.11.7", False),
        ("192.168.10.0/24", "::ffff:192.168.10.7", True),
        ("192.168.10.0/24", "::ffff:192.168.11.7", False),
        ("192.168.10.0/24", "2001:db8::7", False),
        ("2001:db8::/32", "2001:db8::7", True),
        ("2001:db8::/32", "192.168.10.7", False),
        ("192.168.10.0/24", "", False),
        ("192.168.10.0/24", "no address", False),
    ],
)
def test_a_key_is_valid_in_its_networks_only(network: str, ip: str, inside: bool) -> None:
    stored = StoredKey("key_1", "anna", networks=(ip_network(network),))
    ring = KeyRing({digest("lst_x", PEPPER): stored}, {"anna": ANNA}, PEPPER)
    if inside:
        assert ring.identify("lst_x", 0, ip).name == "anna"
    else:
        with pytest.raises(NotPermitted):
            ring.identify("lst_x", 0, ip)


@pytest.mark.parametrize(
    ("people", "key"),
    [({}, "lst_x"), ({"anna": Person("anna", active=False)}, "lst_x"), ({"anna": ANNA}, "lst_y")],
    ids=["owner gone", "owner disabled", "unknown key"],
)
def test_keys_of_nobody_all_sound_alike(people: dict[str, Person], key: str) -> None:
    ring = KeyRing({digest("lst_x", PEPPER): StoredKey("key_1", "anna")}, people, PEPPER)
    with pytest.raises(InvalidKey, match="not known"):
        ring.identify(key, 0, "")


def test_no_key_at_all_is_told_how_to_send_one() -> None:
    with pytest.raises(InvalidKey, match="Authorization: Bearer"):
        KeyRing({}, {}, PEPPER).identify("", 0, "")


def test_a_key_is_rotated_once_and_then_its_successor(room: IdentityDesk) -> None:
    first = room.keys.create(KeyRequest("anna"), "petra")
    second = room.keys.rotate(first.id, "petra")
    with pytest.raises(InvalidRequest, match=second.id):
        room.keys.rotate(first.id, "petra")
    assert room.keys.rotate(second.id, "petra").expires_us is None
