"""Weights of local models: DATA/models/NAME.gguf, with its facts beside it in NAME.toml.

A model counts as installed when both are there; the weights are renamed into place only after their format
and hash were checked. Format: GGUF versions 2 and 3 (ggml-org, docs/gguf.md).
"""

import asyncio
import hashlib
import json
import os
import re
import struct
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leitstand.providers.download import DownloadFailed, Progress, download, require_space
from leitstand.providers.http.pool import Pool

DEFAULT_HUB = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_HUB = re.compile(r"hub:([\w.-]+)/([\w.-]+)/([\w./-]+\.gguf)(?:@([\w.-]+))?")
_BLOCK_BYTES = 4 * 1024 * 1024
_HEADER = struct.Struct("<4sIQQ")  # magic, version, count of tensors, count of metadata entries


class ModelRefused(Exception):
    """Weights that were not installed; the message says why and what to do."""


class UnknownModel(Exception):
    """No installed model has that name."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """source: a path, or an address without its query. installed: ISO 8601, UTC."""

    name: str
    path: Path
    source: str
    sha256: str
    size_bytes: int
    licence: str = ""
    installed: str = ""


def installed(data: Path) -> list[InstalledModel]:
    """All installed models, by name."""
    found = []
    for facts_file in sorted((data / "models").glob("*.toml")):
        weights = facts_file.with_suffix(".gguf")
        if weights.is_file():
            facts = tomllib.loads(facts_file.read_text("utf-8"))
            found.append(InstalledModel(path=weights, **facts))
    return found


def find(name: str, data: Path) -> InstalledModel:
    """The model of that name; raises UnknownModel."""
    models = installed(data)
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models) or "none yet"
    raise UnknownModel(f"there is no model {name!r}; installed: {known}")


def remove(name: str, data: Path) -> None:
    """Delete a model; raises UnknownModel."""
    model = find(name, data)
    model.path.with_suffix(".toml").unlink()
    model.path.unlink()


async def install(
    source: str,
    data: Path,
    *,
    name: str | None = None,
    sha256: str | None = None,
    licence: str = "",
    hub: str = DEFAULT_HUB,
    progress: Progress = lambda done, total: None,
) -> InstalledModel:
    """Take over weights from a file, an http(s) address, or `hub:ORG/REPO/FILE[@REVISION]`.

    name: default: the file's name. sha256: 64 hex digits that the bytes must have. An interrupted download
    goes on where it stopped when the same source is given again. Raises ModelRefused.
    """
    place = _place(source, hub)
    name = name or re.sub(r"(?i)\.gguf$", "", place.partition("?")[0].rpartition("/")[2])
    _require_name(name)
    expected = _require_hash(sha256)
    folder = data / "models"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"{name}.gguf.part"
    try:
        await _fetch(place, part, progress)
    except (DownloadFailed, OSError, ValueError) as cause:
        raise ModelRefused(f"{name}: {cause}") from cause
    found = await asyncio.to_thread(_check, part, expected)
    return _keep(part, InstalledModel(
        name, folder / f"{name}.gguf", place.partition("?")[0], found, part.stat().st_size, licence,
        datetime.now(UTC).isoformat(timespec="seconds"),
    ))  # fmt: skip


def _place(source: str, hub: str) -> str:
    if not source.startswith("hub:"):
        return source
    named = _HUB.fullmatch(source)
    if not named or ".." in source:
        raise ModelRefused(f"{source!r} is not of the form hub:ORG/REPO/FILE.gguf")
    organisation, repository, file, revision = named.groups()
    return f"{hub.rstrip('/')}/{organisation}/{repository}/resolve/{revision or 'main'}/{file}"


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ModelRefused(
            f"{name!r} cannot be the name of a model: letters, digits, '.', '_' and '-' only; give one by --name"
        )


def _require_hash(sha256: str | None) -> str | None:
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ModelRefused(f"a SHA-256 has 64 hexadecimal digits, not {sha256!r}")
    return sha256.lower() if sha256 else None


async def _fetch(place: str, part: Path, progress: Progress) -> None:
    if re.match(r"https?://", place):
        pool = Pool()
        try:
            await download(place, part, progress, pool)
        finally:
            await pool.close()
    else:
        await asyncio.to_thread(_copy, Path(place), part, progress)


def _copy(source: Path, part: Path, progress: Progress) -> None:
    if not source.is_file():
        raise DownloadFailed(f"there is no file {str(source)!r}")
    total = source.stat().st_size
    require_space(part.parent, total)
    part.with_name(part.name + ".json").unlink(missing_ok=True)
    with source.open("rb") as original, part.open("wb") as copy:
        while block := original.read(_BLOCK_BYTES):
            copy.write(block)
            progress(copy.tell(), total)


def _check(part: Path, expected: str | None) -> str:
    """The hash of the weights; they are deleted and refused when they are not what they should be."""
    digest = hashlib.sha256()
    with part.open("rb") as file:
        header = file.read(_HEADER.size)
        file.seek(0)
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    fault = _fault(header) or _wrong_hash(digest.hexdigest(), expected)
    if fault:
        part.unlink()
        raise ModelRefused(fault)
    return digest.hexdigest()


def _wrong_hash(found: str, expected: str | None) -> str:
    if expected in (None, found):
        return ""
    return f"the SHA-256 is {found}, not {expected}: the file was changed or is another one"


def _fault(header: bytes) -> str:
    """What is wrong with the beginning of a file, "" when it is usable GGUF."""
    if len(header) < _HEADER.size or header[:4] != b"GGUF":
        return "this is no GGUF file; weights of other formats must be converted with llama.cpp first"
    _, version, tensors, _ = _HEADER.unpack(header)
    if version not in (2, 3):
        return f"GGUF version {version} is not supported; 2 and 3 are"
    return "" if tensors else "the GGUF file holds no weights (a vocabulary only)"


def _keep(part: Path, model: InstalledModel) -> InstalledModel:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    facts = model.path.with_suffix(".toml")
    facts.unlink(missing_ok=True)  # weights and facts of two versions must never stand side by side
    part.replace(model.path)
    fresh = facts.with_suffix(".toml.part")
    fresh.write_text(_toml(model), "utf-8")
    fresh.replace(facts)
    return model


def _toml(model: InstalledModel) -> str:
    facts = {
        "name": model.name, "source": model.source, "sha256": model.sha256, "size_bytes": model.size_bytes,
        "licence": model.licence, "installed": model.installed,
    }  # fmt: skip
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in facts.items())
