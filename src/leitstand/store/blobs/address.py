"""Addresses of blobs: a folder's path, or `s3://BUCKET/PREFIX?endpoint=…&region=…`.

Credentials never stand in an address: they come from LEITSTAND_S3_KEY_ID and LEITSTAND_S3_SECRET.
"""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from leitstand.core import settings
from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.bucket import BucketBlobs
from leitstand.store.blobs.folder import FolderBlobs
from leitstand.store.blobs.values import Blobs, checked

_SCHEME, _CONFIGURED = "s3://", "blobs:"
_OPTIONS = ("endpoint", "region")


class Place(NamedTuple):
    """One name in a store of blobs."""

    blobs: Blobs
    name: str

    def __str__(self) -> str:
        return f"{self.blobs.address}/{self.name}"


def open_blobs(address: str) -> Blobs:
    """The store at an address, `blobs:` for the one of LEITSTAND_BLOBS; nothing is asked of it yet.

    Raises InvalidRequest.
    """
    if address == _CONFIGURED:
        address = settings.read("blobs").strip()
        if not address:
            raise InvalidRequest(
                "„blobs:“ meint den Speicher aus LEITSTAND_BLOBS, und die Variable ist leer. Beispiel: "
                "LEITSTAND_BLOBS=s3://BUCKET/leitstand?endpoint=https://s3.firma.example",
                "'blobs:' means the store in LEITSTAND_BLOBS, which is empty. Example: "
                "LEITSTAND_BLOBS=s3://BUCKET/leitstand?endpoint=https://s3.company.example",
            )
    if not address.startswith(_SCHEME):
        return FolderBlobs(Path(address).expanduser())
    bucket, path, options = _parts(address)
    return _bucket(bucket, path, options)


def place_of(address: str | Path) -> Place:
    """A name in a store: `/sicherung/montag.backup`, `s3://BUCKET/PREFIX/montag.backup?…`, or `blobs:montag.backup` in
    the one of LEITSTAND_BLOBS. Raises InvalidRequest."""
    if isinstance(address, str) and address.startswith(_CONFIGURED):
        return Place(open_blobs(_CONFIGURED), checked(address.removeprefix(_CONFIGURED)))
    if isinstance(address, Path) or not address.startswith(_SCHEME):
        path = Path(address).expanduser()
        return Place(FolderBlobs(path.parent), path.name)
    bucket, path_in_bucket, options = _parts(address)
    prefix, _, name = path_in_bucket.rpartition("/")
    if not name:
        raise InvalidRequest(
            f"In „{address}“ fehlt nach dem Bucket der Name. Beispiel: s3://{bucket}/leitstand/montag.backup",
            f"'{address}' lacks a name after the bucket. Example: s3://{bucket}/leitstand/monday.backup",
        )
    return Place(_bucket(bucket, prefix, options), checked(name))


def _bucket(bucket: str, prefix: str, options: dict[str, str]) -> BucketBlobs:
    return BucketBlobs(bucket, prefix, key=_key(), **options)


def _parts(address: str) -> tuple[str, str, dict[str, str]]:
    """Bucket, path and options; an unknown option is an error, lest a slip of the pen reach another store."""
    split = urlsplit(address)
    options = dict(parse_qsl(split.query, keep_blank_values=True))
    strange = sorted(set(options) - set(_OPTIONS))
    endpoint = options.get("endpoint", "")
    if (
        not split.netloc
        or "@" in split.netloc
        or strange
        or (endpoint and not endpoint.startswith(("http://", "https://")))
    ):
        what = f" ({', '.join(strange)})" if strange else ""
        raise InvalidRequest(
            f"„{address}“ ist keine Adresse eines Objektspeichers{what}. Beispiel: "
            "s3://BUCKET/leitstand?endpoint=https://s3.firma.example&region=eu-central-1; Zugangsdaten kommen aus "
            "LEITSTAND_S3_KEY_ID und LEITSTAND_S3_SECRET.",
            f"'{address}' is no address of an object store{what}. Example: "
            "s3://BUCKET/leitstand?endpoint=https://s3.company.example&region=eu-central-1; credentials come from "
            "LEITSTAND_S3_KEY_ID and LEITSTAND_S3_SECRET.",
        )
    return split.netloc, split.path.strip("/"), options


def _key() -> tuple[str, str] | None:
    """Id and secret of the settings; None where neither is set."""
    found = tuple(settings.read_secret(name) for name in ("s3_key_id", "s3_secret"))
    if not any(found):
        return None
    if not all(found):
        raise InvalidRequest(
            "LEITSTAND_S3_KEY_ID und LEITSTAND_S3_SECRET gehören zusammen; eines davon fehlt.",
            "LEITSTAND_S3_KEY_ID and LEITSTAND_S3_SECRET belong together; one of them is missing.",
        )
    return found[0], found[1]
