"""The chain: what makes a changed, missing or reordered record show.

Each row's hash is SHA-256 over the hash of the row before and the canonical bytes of the row. The first row
follows `genesis`, which is made from the public key: rows cannot be moved to another key. The newest row is
signed (Ed25519), so a cut tail shows too. Whoever holds the private key can rewrite everything; therefore
note the key's fingerprint, and now and then the signed head, outside the installation.

Canonical bytes: the row's columns in the order of `COLUMNS` as one MessagePack array in the shortest form.
Types are part of it: 1, "1", null and true differ; text is UTF-8 with its length before it.
Sources: FIPS 180-4, RFC 8032, the MessagePack specification.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from leitstand.core import sealing
from leitstand.journal.records import Record

DOMAIN = "leitstand-journal-v1"
CUT_DOMAIN = "leitstand-journal-cut-v1"
PRIVATE_KEY = "audit.key"
PRIVATE_KEY_FILE = f"secrets/{PRIVATE_KEY}"
PUBLIC_KEY_FILE = "audit.pub"

# Every stored column but `hash`, in the order that is hashed. It is part of the format: never change it.
COLUMNS = (
    "seq", "id", "kind", "time_us", "user", "department", "use_case", "key_id", "model", "provider",
    "provider_model", "region", "data_class", "outcome", "code", "input_tokens", "output_tokens",
    "cached_tokens", "reasoning_tokens", "cost_nano", "saved_nano", "latency_us", "first_token_us", "cache",
    "pseudonymised", "fallback", "estimated", "unpriced", "detail",
)  # fmt: skip

Row = tuple[int | str | bool, ...]
_canonical = msgspec.msgpack.Encoder()
_sorted_json = msgspec.json.Encoder(order="sorted")


def row_of(seq: int, record: Record) -> Row:
    """A record as the values of `COLUMNS`; `detail` as JSON with sorted keys."""
    values = msgspec.structs.astuple(record)
    return (seq, *values[:-1], _sorted_json.encode(record.detail).decode())


def canonical(row: Sequence[object]) -> bytes:
    """The bytes that are hashed for a row (values of `COLUMNS`); raises UnicodeError on half characters."""
    return _canonical.encode(row)


def link(previous: str, row: Sequence[object]) -> str:
    """The hash (64 hex digits) of a row that follows the row with the hash `previous`."""
    return hashlib.sha256(previous.encode() + canonical(row)).hexdigest()


def genesis(public_key: Ed25519PublicKey) -> str:
    """The hash that the first row follows."""
    return hashlib.sha256(DOMAIN.encode() + public_key.public_bytes_raw()).hexdigest()


def fingerprint(public_key: Ed25519PublicKey) -> str:
    """A short name of a key for people to compare: 32 hex digits of its SHA-256."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:32]


class Head(NamedTuple):
    """The newest row: its number and hash; number 0 and genesis before the first."""

    seq: int
    hash: str


class Checkpoint(NamedTuple):
    """The signed head. signature: base64 of Ed25519 over domain, seq, hash and time, one per line."""

    seq: int
    hash: str
    time_us: int
    signature: str

    @property
    def head(self) -> Head:
        """What is signed, without time and signature."""
        return Head(self.seq, self.hash)


class Cut(NamedTuple):
    """Where the journal begins since records were purged: the last one that is gone (journal/purge.py).

    signature: as that of a checkpoint, over another domain, so that neither can stand for the other.
    """

    seq: int
    hash: str
    time_us: int
    signature: str

    @property
    def head(self) -> Head:
        """What the first record that stays follows."""
        return Head(self.seq, self.hash)


def _signed_bytes(domain: str, seq: object, digest: object, time_us: object) -> bytes:
    return f"{domain}\n{seq}\n{digest}\n{time_us}\n".encode("utf-8", "surrogatepass")


def is_signed_by(public_key: Ed25519PublicKey, checkpoint: Checkpoint) -> bool:
    """Whether the checkpoint's signature is that of the key."""
    return _is_signed(public_key, DOMAIN, checkpoint)


def is_cut_signed_by(public_key: Ed25519PublicKey, cut: Cut) -> bool:
    """Whether the cut's signature is that of the key."""
    return _is_signed(public_key, CUT_DOMAIN, cut)


def _is_signed(public_key: Ed25519PublicKey, domain: str, signed: Checkpoint | Cut) -> bool:
    try:
        signature = base64.b64decode(signed.signature, validate=True)
        public_key.verify(signature, _signed_bytes(domain, signed.seq, signed.hash, signed.time_us))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


class Signer:
    """Signs heads with the installation's audit key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        """Use `load`, but for keys of tests."""
        self._private_key = private_key
        self.public_key = private_key.public_key()

    @classmethod
    def load(cls, data: Path) -> "Signer":
        """The key in DATA/secrets/audit.key, made on first use, with its public half in DATA/audit.pub.

        All machines of an installation sign with the same key: by LEITSTAND_MASTER_KEY, or by copies of the file.
        A public key that is already there is never replaced: if it is another one, `verify` has to show it.
        """
        seed = sealing.installation_secret(data, PRIVATE_KEY)
        signer = cls(Ed25519PrivateKey.from_private_bytes(seed))
        _publish(data / PUBLIC_KEY_FILE, signer.public_key)
        return signer

    def sign(self, head: Head, time_us: int) -> Checkpoint:
        """The signed head; time_us: application time."""
        return Checkpoint(head.seq, head.hash, time_us, self._signature(DOMAIN, head, time_us))

    def cut(self, last_gone: Head, time_us: int) -> Cut:
        """The signed place where the journal begins from now on; time_us: application time."""
        return Cut(last_gone.seq, last_gone.hash, time_us, self._signature(CUT_DOMAIN, last_gone, time_us))

    def _signature(self, domain: str, head: Head, time_us: int) -> str:
        signature = self._private_key.sign(_signed_bytes(domain, head.seq, head.hash, time_us))
        return base64.b64encode(signature).decode()


def _publish(path: Path, public_key: Ed25519PublicKey) -> None:
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    draft.replace(path)


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The key in a PEM file; raises OSError, or ValueError when it is not an Ed25519 key."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} holds no Ed25519 key")  # noqa: TRY004 - the file is wrong, not a type
    return key


def head_fault(last: Head | None, checkpoint: Checkpoint | None, public_key: Ed25519PublicKey) -> str | None:
    """What is wrong between the newest row and the signed head, as an English sentence; None if nothing."""
    if checkpoint is None:
        return None if last is None else "the signed checkpoint is missing"
    if not is_signed_by(public_key, checkpoint):
        return "the checkpoint's signature is not that of the audit key"
    newest = last or Head(0, genesis(public_key))
    if newest.seq < checkpoint.seq:
        return f"records {newest.seq + 1} to {checkpoint.seq} are missing at the end"
    if newest.seq > checkpoint.seq:
        return f"records after number {checkpoint.seq} are not signed: they were added from outside"
    if newest.hash != checkpoint.hash:
        return f"record {newest.seq} is not the one that was signed"
    return None
