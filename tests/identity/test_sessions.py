"""Signing in: what it takes, when it is refused, how long it lasts."""

import pytest

from identity.identity_desk import IdentityDesk
from leitstand.core.errors import InvalidRequest
from leitstand.identity import passwords
from leitstand.identity.sessions import NotSignedIn, SignedIn

PASSWORD = "kennwort-von-anna"
MAIL = "anna@musterwerk.example"
MINUTE = 60.0
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _password(room: IdentityDesk) -> None:
    room.sessions.set_password("anna", PASSWORD, "test")
    room.audit.clear()


def sign_in(room: IdentityDesk, password: str = PASSWORD, account: str = MAIL) -> SignedIn | NotSignedIn:
    return room.sessions.sign_in(account, password, "127.0.0.1")


def token(room: IdentityDesk) -> str:
    done = sign_in(room)
    assert isinstance(done, SignedIn)
    return done.token


@pytest.mark.parametrize("account", [MAIL, f"  {MAIL.upper()} ", "anna"])
def test_a_person_signs_in_by_mail_address_or_name(room: IdentityDesk, account: str) -> None:
    done = sign_in(room, account=account)
    assert isinstance(done, SignedIn)
    assert done.person.name == "anna"
    assert room.verbs() == ["signed_in"]


def test_the_token_is_shown_to_nobody_and_stored_as_a_hash(room: IdentityDesk) -> None:
    done = sign_in(room)
    assert isinstance(done, SignedIn)
    assert done.token not in repr(done)
    with room.engine.connect() as connection:
        stored = str(connection.exec_driver_sql("select * from session").all())
    assert done.token not in stored


def test_a_wrong_password_says_how_many_tries_are_left(room: IdentityDesk) -> None:
    assert sign_in(room, "falsch") == NotSignedIn(4)
    assert sign_in(room, "falsch") == NotSignedIn(3)


def test_five_failures_lock_the_account_and_fifteen_minutes_open_it(room: IdentityDesk) -> None:
    for _ in range(5):
        last = sign_in(room, "falsch")
    until_us = room.clock.time_us() + 15 * 60_000_000
    assert last == NotSignedIn(0, until_us)
    assert sign_in(room) == NotSignedIn(0, until_us)
    room.clock.now_s += 15 * MINUTE - 1
    assert sign_in(room) == NotSignedIn(0, until_us)
    room.clock.now_s += 1
    assert isinstance(sign_in(room), SignedIn)


def test_tries_during_the_lock_do_not_lengthen_it(room: IdentityDesk) -> None:
    for _ in range(5):
        sign_in(room, "falsch")
    room.clock.now_s += 10 * MINUTE
    sign_in(room, "falsch")
    room.clock.now_s += 5 * MINUTE
    assert isinstance(sign_in(room), SignedIn)


def test_mail_address_and_name_share_one_count_of_failures(room: IdentityDesk) -> None:
    for account in (MAIL, "anna", MAIL, "anna"):
        sign_in(room, "falsch", account)
    assert sign_in(room, "falsch").locked_until_us  # type: ignore[union-attr]  # it failed
    assert isinstance(sign_in(room, account="anna"), NotSignedIn)


def test_a_success_forgets_earlier_failures(room: IdentityDesk) -> None:
    for _ in range(4):
        sign_in(room, "falsch")
    assert isinstance(sign_in(room), SignedIn)
    assert sign_in(room, "falsch") == NotSignedIn(4)


def test_an_unknown_name_is_refused_alike_and_not_recorded(room: IdentityDesk) -> None:
    typed = "mein-kennwort-im-falschen-feld"
    assert sign_in(room, account=typed) == sign_in(room, "falsch") == NotSignedIn(4)
    first = room.audit[0]
    assert (first.kind, first.user, first.outcome) == ("identity.session.sign_in_failed", "", "refused")
    assert typed not in str(room.audit)


def test_a_person_without_a_password_cannot_sign_in(room: IdentityDesk) -> None:
    room.people["ben"] = room.people["anna"].__class__("ben", "ben@musterwerk.example")
    assert isinstance(sign_in(room, "", "ben"), NotSignedIn)
    assert isinstance(sign_in(room, PASSWORD, "ben"), NotSignedIn)


def test_a_disabled_person_cannot_sign_in_and_loses_the_session(room: IdentityDesk) -> None:
    session = token(room)
    room.change("anna", active=False)
    assert room.sessions.lookup(session) is None
    assert isinstance(sign_in(room), NotSignedIn)


def test_a_person_who_left_has_no_session(room: IdentityDesk) -> None:
    session = token(room)
    del room.people["anna"]
    assert room.sessions.lookup(session) is None


def test_a_session_ends_after_four_idle_hours(room: IdentityDesk) -> None:
    session = token(room)
    room.clock.now_s += 4 * HOUR - 1
    assert room.sessions.lookup(session) is not None
    room.clock.now_s += 4 * HOUR
    assert room.sessions.lookup(session) is None


def test_a_session_ends_after_twelve_hours_however_busy(room: IdentityDesk) -> None:
    session = token(room)
    for _ in range(11):
        room.clock.now_s += HOUR
        assert room.sessions.lookup(session) is not None
    room.clock.now_s += HOUR
    assert room.sessions.lookup(session) is None


def test_a_session_knows_role_and_token_of_its_person_as_they_are_now(room: IdentityDesk) -> None:
    session = token(room)
    room.change("anna", department="einkauf")
    found = room.sessions.lookup(session)
    assert found is not None
    assert found.person.department == "einkauf"
    assert len(found.csrf) >= 32


@pytest.mark.parametrize("wrong", ["", "unknown"])
def test_an_unknown_token_is_no_session(room: IdentityDesk, wrong: str) -> None:
    assert room.sessions.lookup(wrong) is None


def test_signing_out_ends_only_this_session(room: IdentityDesk) -> None:
    first, second = token(room), token(room)
    room.sessions.sign_out(first)
    assert room.sessions.lookup(first) is None
    assert room.sessions.lookup(second) is not None
    assert room.verbs()[-1] == "signed_out"


def test_a_new_password_ends_all_sessions_and_the_old_password(room: IdentityDesk) -> None:
    session = token(room)
    room.sessions.set_password("anna", "ein-neues-kennwort", "petra")
    assert room.sessions.lookup(session) is None
    assert isinstance(sign_in(room), NotSignedIn)
    assert isinstance(sign_in(room, "ein-neues-kennwort"), SignedIn)
    event = next(record for record in room.audit if record.kind.endswith("password_set"))
    assert (event.user, event.detail) == ("petra", {"owner": "anna"})


def test_a_forgotten_person_leaves_no_password_and_no_session(room: IdentityDesk) -> None:
    session = token(room)
    room.sessions.forget("anna", "petra")
    room.sessions.forget("anna", "petra")
    assert room.sessions.lookup(session) is None
    assert isinstance(sign_in(room), NotSignedIn)
    assert room.verbs().count("password_removed") == 1


def test_no_password_reaches_the_audit(room: IdentityDesk) -> None:
    sign_in(room)
    sign_in(room, "falsches-kennwort")
    room.sessions.set_password("anna", "noch-ein-kennwort", "petra")
    said = str(room.audit)
    assert not [word for word in (PASSWORD, "falsches-kennwort", "noch-ein-kennwort") if word in said]


def test_a_short_password_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidRequest, match=r"11 characters; at least 12") as refused:
        passwords.hash_password("elf-zeichen")
    assert refused.value.detail == {"param": "password"}


def test_passwords_are_salted_argon2id() -> None:
    first, second = passwords.hash_password(PASSWORD), passwords.hash_password(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(PASSWORD, first)
    assert not passwords.matches(PASSWORD + "x", first)
    assert not passwords.matches("", "")
    assert not passwords.matches(PASSWORD, "no hash at all")


def test_generated_passwords_are_long_enough_and_different() -> None:
    made = {passwords.generate() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) >= passwords.MIN_LENGTH for password in made)
