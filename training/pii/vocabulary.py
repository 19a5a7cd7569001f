"""Choose the pieces that German and English business texts need, and keep them with their embeddings.

    python -m training.pii.vocabulary --e5 e5-small-q4.bin --data FOLDER --words FILE... --out pieces.npz

The file holds: pieces (UTF-8, one a line, gzip-free bytes), scores (float32), blocks (n, 12, 18) uint8:
the 4-bit embeddings as they are in multilingual-e5-small; they stay unchanged by training.
"""

import argparse
import gzip
import random
import sys
from pathlib import Path

import numpy as np
from training.pii import e5
from training.pii.fill import Filler
from training.pii.values import Values

from leitstand.privacy.tagging.pieces import Segmenter

SPECIAL = 4


def load_segmenter(path: Path) -> Segmenter:
    """The segmenter of a vocabulary file."""
    with np.load(path) as stored:
        pieces = bytes(stored["pieces"]).decode("utf-8").split("\n")
        return Segmenter(pieces, stored["scores"].tolist(), unknown=3)


def _texts(data: Path, words: list[Path]):
    from training.pii.corpus import _prose, read_corpus, templates

    for name in ("germeval2014", "ler"):
        yield from (record["text"] for record in read_corpus(data / f"{name}.jsonl.gz"))
    filler = Filler(Values(data / "gazetteers", random.Random(7)))  # noqa: S311 - sample texts
    for template in templates():
        yield from (filler.fill(template).text for _ in range(4))
    yield from _prose()
    for path in sorted((data / "gazetteers").glob("*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
            name = line.split("\t")[0]
            yield from (name, name.lower(), name.upper())
    for path in words:
        for line in path.read_text("utf-8", "replace").splitlines():
            yield line
            if line[:1].isupper():
                yield line.lower()


def choose(model: e5.E5, texts) -> list[int]:
    """Numbers of the pieces to keep, specials first."""
    segmenter = Segmenter(model.pieces, model.scores.tolist(), unknown=3)
    used = {piece.id for text in texts for piece in segmenter.cut(text)}
    for number, piece in enumerate(model.pieces[SPECIAL:], SPECIAL):
        body = piece.removeprefix("▁")
        if (
            len(body) <= 1
            and (not body or ord(body) < 0x590 or 0x1E00 <= ord(body) < 0x2190 or body in "€–—…•™←→↔−≤≥✓✔")
        ) or (len(body) == 2 and all(ord(char) < 0x250 for char in body)):
            used.add(number)
    return [*range(SPECIAL), *sorted(used - set(range(SPECIAL)))]


def main() -> None:
    """Write the vocabulary file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--e5", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--words", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    model = e5.read(args.e5)
    kept = choose(model, _texts(args.data, args.words))
    pieces = "\n".join(model.pieces[number] for number in kept).encode("utf-8")
    np.savez(
        args.out,
        pieces=np.frombuffer(pieces, np.uint8),
        scores=model.scores[kept].astype(np.float32),
        blocks=model.words[kept],
    )
    sys.stderr.write(f"{len(kept)} pieces, {args.out.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
