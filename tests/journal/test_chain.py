"""The canonical form and the signatures."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_kit import record

from leitstand.journal import chain
from leitstand.journal.chain import COLUMNS, Checkpoint, Head, Signer, canonical, link, row_of
from leitstand.journal.records import Record
from leitstand.store.schema import journal

texts = st.text(st.characters(exclude_categories=("Cs",)))
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), texts, st.binary())
rows = st.lists(values, max_size=8)


def typed(row: list[object]) -> list[tuple[type, object]]:
    return [(type(value), value) for value in row]


@settings(deadline=None)
@given(rows, rows)
def test_two_rows_have_the_same_bytes_only_if_they_are_the_same_in_value_and_type(left, right):
    assert (canonical(left) == canonical(right)) == (typed(left) == typed(right))


@settings(deadline=None)
@given(rows)
def test_canonical_bytes_give_back_the_row(row):
    assert typed(msgspec.msgpack.decode(canonical(row))) == typed(row)


def test_number_text_null_and_truth_are_told_apart():
    alike = [1, "1", True, None, "", 0, False, b"1", 1.0, "null", "true"]
    assert len({canonical([value]) for value in alike}) == len(alike)


def test_text_does_not_flow_over_into_the_next_column():
    assert canonical(["ab", "c"]) != canonical(["a", "bc"])


def test_equivalent_unicode_forms_are_told_apart():
    assert canonical(["\u00fc"]) != canonical(["u\u0308"])


def test_every_column_of_the_table_but_the_hash_is_covered_in_order():
    assert [*COLUMNS, "hash"] == [column.name for column in journal.columns]
    assert ("seq", *Record.__struct_fields__) == COLUMNS


def test_detail_does_not_depend_on_the_order_of_its_keys():
    left = row_of(1, record(1, detail={"a": {"x": 1, "y": 2}, "b": 1}))
    right = row_of(1, record(1, detail={"b": 1, "a": {"y": 2, "x": 1}}))
    assert left == right


def test_the_format_has_not_changed():
    """A journal of an earlier release must verify: these digits may never change."""
    assert link("00" * 32, row_of(1, record(1))) == FIRST_LINK
    assert chain.genesis(Signer(Ed25519PrivateKey.from_private_bytes(b"\1" * 32)).public_key) == GENESIS


def test_a_signature_covers_number_hash_and_time():
    signer = Signer(Ed25519PrivateKey.generate())
    signed = signer.sign(Head(7, "ab"), 99)
    assert chain.is_signed_by(signer.public_key, signed)
    for changed in (
        signed._replace(seq=8),
        signed._replace(hash="ac"),
        signed._replace(time_us=98),
        signed._replace(signature=signed.signature[::-1]),
        signed._replace(signature="ü"),
    ):
        assert not chain.is_signed_by(signer.public_key, changed)


def test_values_of_a_wrong_type_in_a_checkpoint_are_no_valid_signature():
    signer = Signer(Ed25519PrivateKey.generate())
    assert not chain.is_signed_by(signer.public_key, Checkpoint(1, "ab", 1, None))  # type: ignore[arg-type]  # as a damaged table gives it


def test_the_key_is_made_once_and_its_public_half_is_beside_it(tmp_path):
    first, second = Signer.load(tmp_path), Signer.load(tmp_path)
    assert first.public_key == second.public_key == chain.read_public_key(tmp_path / "audit.pub")
    assert (tmp_path / "secrets/audit.key").stat().st_mode & 0o777 == 0o600


FIRST_LINK = "4dff0f2a417a7d190fd7f17089a2916f4a4b96f60037005b82a153cb3f2ff162"
GENESIS = "8c8f6f7d57119164e0726f97386b623f1310c98a2630bb0530364b3a78f38302"
