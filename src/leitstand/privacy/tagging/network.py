"""The network: word pieces in, for each piece the probability of each label out.

Six encoder layers of multilingual-e5-small, tuned on German and English business texts (training/pii), in
int8; the embeddings stay in 4 bits and are unpacked for the pieces of a text only. One thread per call, so
that concurrent requests share the cores and none spins while it waits.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitstand.privacy.tagging.labels import LABELS
from leitstand.privacy.tagging.pieces import Piece, Segmenter

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WIDTH = 384
_BLOCK_BYTES = 18
_BEGIN, _UNKNOWN, _END = 0, 3, 2
_WINDOW = 190
_STEP = 158
_SLOWER = ["SkipLayerNormFusion"]  # the fused kernel took 4.6 ms of 24, addition and norm by themselves 0.6


class BrokenModel(RuntimeError):
    """The files of the tagger are missing, changed or not usable on this machine; the message says which and why."""


class Network:
    """A loaded model; safe to share between threads. About 60 MB of memory."""

    def __init__(self, session: "InferenceSession", segmenter: Segmenter, blocks: NDArray[np.uint8]) -> None:
        self._session = session
        self._segmenter = segmenter
        self._blocks = blocks

    def read(self, text: str) -> tuple[list[Piece], NDArray[np.float32]]:
        """The pieces of a text, and their probabilities (n, labels).

        Long texts are read in windows of 190 pieces that overlap by 32; each piece counts where it stands
        farther from a border.
        """
        pieces = self._segmenter.cut(text)
        if not pieces:
            return pieces, np.zeros((0, len(LABELS)), np.float32)
        numbers = [piece.id for piece in pieces]
        rows = [self._window(numbers[begin:end])[keep] for begin, end, keep in _windows(len(numbers))]
        return pieces, np.concatenate(rows)

    def _window(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        words = self._embeddings([_BEGIN, *numbers, _END])
        (found,) = self._session.run(None, {"words": words[None]})
        return np.asarray(found, np.float32)[1:-1]

    def _embeddings(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Q4_0: blocks of 32 weights = one fp16 scale + 16 bytes; byte j holds weights j (low half) and j + 16."""
        blocks = self._blocks[np.asarray(numbers)]
        scale = blocks[..., :2].copy().view(np.float16).astype(np.float32)
        packed = blocks[..., 2:]
        halves = np.concatenate((packed & 15, packed >> 4), axis=-1).astype(np.float32) - np.float32(8)
        return np.asarray(halves * scale, np.float32).reshape(len(numbers), WIDTH)


def _windows(count: int) -> list[tuple[int, int, slice]]:
    """Begin and end of each window, and which of its rows count."""
    if count <= _WINDOW:
        return [(0, count, slice(None))]
    begins = [*range(0, count - _WINDOW, _STEP), count - _WINDOW]
    found = []
    for place, begin in enumerate(begins):
        first = 0 if place == 0 else (begins[place - 1] + _WINDOW - begin) // 2
        last = _WINDOW if begin == begins[-1] else (begin + _WINDOW + begins[place + 1]) // 2 - begin
        found.append((begin, begin + _WINDOW, slice(first, last)))
    return found


@cache
def load() -> Network:
    """The network of this installation, loaded once (some 0.3 s); raises BrokenModel."""
    folder = files("leitstand.privacy") / "model"
    try:
        card = json.loads((folder / "card.json").read_text("utf-8"))
        if tuple(card["labels"]) != LABELS:
            raise BrokenModel("the tagger's model belongs to another version of Leitstand: its labels differ")
        for name, digest in card["sha256"].items():
            _check(folder / name, digest)
        rows = [line.rpartition("\t") for line in (folder / "pieces.tsv").read_text("utf-8").split("\n")[:-1]]
        segmenter = Segmenter([row[0] for row in rows], [float(row[2]) for row in rows], _UNKNOWN)
        with as_file(folder / "embeddings.npy") as path:
            blocks: NDArray[np.uint8] = np.load(path)
        return Network(_session((folder / "tagger.onnx").read_bytes()), segmenter, blocks)
    except (OSError, ValueError, KeyError) as cause:
        raise BrokenModel(f"the tagger's model cannot be read: {cause}") from cause


def _check(file: Traversable, digest: str) -> None:
    if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        raise BrokenModel(
            f"the tagger's file {file.name} is not the one that was shipped: its checksum differs"
        )


def _session(model: bytes) -> "InferenceSession":
    try:
        import onnxruntime  # half a second and 40 MB, wanted only where texts are read

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
        )
    except Exception as cause:
        raise BrokenModel(f"onnxruntime cannot run the tagger on this machine: {cause}") from cause
