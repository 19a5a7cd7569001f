"""Collect the ordinary words of our own texts: a list for the product, of names it must not see in them.

    python -m training.pii.wordlist --out src/leitstand/privacy/gazetteers/common_texts.txt.gz

Words of the templates outside slots, of the value lists (products, jobs, form fields), and of Leitstand's own
documents; words that the gazetteers know as names are left out.
"""

import argparse
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from training.pii import values
from training.pii.corpus import templates

from leitstand.privacy.lexicon import _packed, lexicon

_WORD = re.compile(r"[^\W\d_]{3,}")
_SLOT = re.compile(r"\{[a-zA-Z]+(?::\d)?\}")
_LISTS = (values._PRODUCTS, values._JOBS, values._FIELDS)
_REPO = Path(__file__).parents[2]


def _texts() -> Iterator[str]:
    yield from (_SLOT.sub(" ", template) for template in templates())
    yield from _LISTS
    yield from (path.read_text("utf-8") for path in sorted((_REPO / "docs").glob("*.md")))


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    lex = lexicon()
    named = {name.lower() for block in (values._WORD_NAMES, values._TOP_NAMES) for name in block.split()}
    known = lex.first_names | lex.surnames | named
    corpus_words = _packed("common.txt.gz")
    words = {word.lower() for text in _texts() for word in _WORD.findall(text)}
    brands = {brand.lower() for brand in values._BRANDS.split("|")} - named
    kept = sorted(
        ({word for word in words if word not in known} | {brand.strip() for brand in brands}) - corpus_words
    )
    args.out.write_bytes(gzip.compress("\n".join(kept).encode("utf-8"), 9, mtime=0))


if __name__ == "__main__":
    main()
