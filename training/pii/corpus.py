"""Make training examples: own templates filled anew each epoch, two corpora with names exchanged, noise.

    python -m training.pii.corpus --data FOLDER --vocabulary FILE --out FOLDER --epochs 8 --first 0

An epoch is one .npz: ids (uint16), sets (uint32, the right answers as bits of labels.py), lengths.
"""

import argparse
import gzip
import json
import random
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from training.pii.fill import ANY, Filled, Filler
from training.pii.labels import ALL, NOTHING, UNMARKED_IN_CORPUS, bits
from training.pii.values import Values
from training.pii.vocabulary import load_segmenter

from leitstand.privacy.tagging.pieces import Segmenter

WINDOW = 254
BOS, EOS = 0, 2
_TEXTS = Path(__file__).parent / "texts"
_REPO = Path(__file__).parents[2]
_NOUN = re.compile(r"(?<=[a-zäöüß,] )([A-ZÄÖÜ][a-zäöüß]{3,24})(?![\w-])")
_SMALL_WORD = re.compile(r"(?<= )([a-zäöüß]{3,20})(?= )")
_PLAIN_WORD = re.compile(r"(?<![\w@./:=\\<{\"-])[A-Za-zÄÖÜäöüß][a-zäöüß]{2,}(?![\w@./:=\\>}\"-])")
_LEGAL = re.compile(r"\b(?:GmbH|AG|KG|SE|OHG|GbR|mbH|UG|e\. ?K\.|e\. ?V\.|Ltd|Inc|S\.A\.|B\.V\.)")
Example = tuple[str, list[tuple[int, int, str]], int]


def templates() -> list[str]:
    """All templates; files of one-liners have one a line, the others are separated by `---`."""
    found: list[str] = []
    for path in sorted(_TEXTS.glob("*.txt")):
        text = path.read_text("utf-8").rstrip("\n")
        blocks = text.split("\n---\n") if "\n---\n" in text else text.split("\n")
        found += [block.replace("\\n", "\n") for block in blocks]
    return found


def held_out(template: str) -> bool:
    """Whether a template is left out of training, to measure on."""
    return zlib.crc32(template.encode()) % 10 == 0


def read_corpus(path: Path) -> list[dict]:
    """The records of a .jsonl.gz."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


_CORPUS_LABELS = {
    "PER": "PERSON", "PERderiv": ANY, "PERpart": ANY, "LOC": "LOC/O/PUBLIC", "LOCderiv": "O/LOC/PUBLIC", "LOCpart": "O/LOC/PUBLIC",
    "ORG": "ORG/PUBLIC/O", "ORGderiv": "O/PUBLIC/ORG", "ORGpart": "O/PUBLIC/ORG", "OTH": "O/PUBLIC", "OTHderiv": "O/PUBLIC", "OTHpart": "O/PUBLIC",
    "LOC_STREET": "ADDRESS/LOC", "ORG_INST": "PUBLIC/O", "ORG_COURT": "PUBLIC/O", "MISC": "O/PUBLIC/REF_ID",
}  # fmt: skip


class Maker:
    """Makes the examples of epochs."""

    def __init__(self, data: Path, segmenter: Segmenter, seed: int, everything: bool) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - training texts, nothing secret
        self.values = Values(data / "gazetteers", self.rng)
        self.filler = Filler(self.values)
        self.segmenter = segmenter
        self.templates = [t for t in templates() if everything or not held_out(t)]
        self.germeval = read_corpus(data / "germeval2014.jsonl.gz")
        ler = read_corpus(data / "ler.jsonl.gz")
        telling = {"PER", "ORG_COMPANY", "LOC_STREET"}
        self.ler = [r for r in ler if telling & {e["type"] for e in r["entities"]}]
        self.ler_plain = [r for r in ler if not telling & {e["type"] for e in r["entities"]}]
        self.prose = _prose()
        self.values.nouns = _words([*self.germeval, *ler], _NOUN)
        self.small_words = _words([*self.germeval, *ler], _SMALL_WORD)

    def epoch(self, scale: float = 1.0) -> list[Example]:
        """Examples in random order: (text, spans, answers for what is outside the spans)."""
        r = self.rng
        plan: list[Example] = []
        for template in self.templates:
            times = (9 if "\n" in template or ("{" in template and len(template) > 60) else 6) * scale
            plan += [self.template(template) for _ in range(int(times) + (r.random() < times % 1))]
        plan += [self.corpus(record) for record in r.sample(self.germeval, int(2600 * scale))]
        plan += [self.corpus(record) for record in r.sample(self.ler, int(len(self.ler) * 0.6 * scale))]
        plan += [self.corpus(record) for record in r.sample(self.ler_plain, int(500 * scale))]
        plan += [(text, [], NOTHING) for text in r.sample(self.prose, min(len(self.prose), int(350 * scale)))]
        plan += [self.compound() for _ in range(int(700 * scale))]
        plan = [self.noisy(self.stirred(example)) for example in plan]
        r.shuffle(plan)
        return plan

    def template(self, template: str) -> Example:
        """One text of a template."""
        filled: Filled = self.filler.fill(template)
        return filled.text, filled.spans, NOTHING

    def corpus(self, record: dict) -> Example:
        """A sentence of a corpus, its people exchanged in 45 of 100."""
        text, spans = record["text"], []
        for entity in sorted(record["entities"], key=lambda e: (e["start"], -e["end"])):
            surface = text[entity["start"] : entity["end"]]
            label = _CORPUS_LABELS.get(entity["type"], "ORG/PUBLIC/O")
            if entity["type"] == "ORG_COMPANY":
                label = "ORG" if _LEGAL.search(surface) else "ORG/PUBLIC/O"
            if label == "PERSON" and len(re.sub(r"\W", "", surface)) <= 2:
                label = ANY
            if not spans or entity["start"] >= spans[-1][1]:
                spans.append((entity["start"], entity["end"], label))
        if self.rng.random() < 0.45:
            text, spans = self._exchanged(text, spans)
        return text, spans, UNMARKED_IN_CORPUS

    def _exchanged(
        self, text: str, spans: list[tuple[int, int, str]]
    ) -> tuple[str, list[tuple[int, int, str]]]:
        out, new, place, length = [], [], 0, 0
        for start, end, label in spans:
            surface = text[start:end]
            if label == "PERSON" and "." not in surface:
                person = self.values.person()
                surface = (
                    f"{person.first} {person.last}"
                    if " " in surface
                    else self.rng.choice((person.last, person.last, person.first))
                )
            out += [text[place:start], surface]
            length += start - place
            new.append((length, length + len(surface), label))
            length += len(surface)
            place = end
        out.append(text[place:])
        return "".join(out), new

    def compound(self) -> Example:
        """Several texts one below the other: documents have more than one kind of text."""
        r = self.rng
        text, spans = "", []
        for _ in range(r.randint(2, 5)):
            pick = r.random()
            if pick < 0.72:
                part, found, _ = self.template(r.choice(self.templates))
            elif pick < 0.9:
                part, found = r.choice(self.prose), []
            else:
                part, found = r.choice(self.ler_plain)["text"], []
            spans += [(s + len(text), e + len(text), label) for s, e, label in found]
            text += part + r.choice(["\n", "\n", "\n\n", " "])
        return text, spans, NOTHING

    def stirred(self, example: Example) -> Example:
        """In half of our own texts some words outside the spans become other words, so that no template is known by heart."""
        text, spans, rest = example
        if rest != NOTHING or not self.values.nouns or self.rng.random() < 0.5:
            return example
        share = self.rng.choice((0.08, 0.15, 0.3))
        out, new, place, length = [], [], 0, 0
        for start, end, label in [*sorted(spans), (len(text), len(text), "")]:
            between = _PLAIN_WORD.sub(lambda m: self._other(m.group(), share), text[place:start])
            out += [between, text[start:end]]
            length += len(between)
            if label:
                new.append((length, length + end - start, label))
            length += end - start
            place = end
        return "".join(out), new, rest

    def _other(self, word: str, share: float) -> str:
        if self.rng.random() > share:
            return word
        return self.rng.choice(self.values.nouns if word[0].isupper() else self.small_words)

    def noisy(self, example: Example) -> Example:
        """Now and then as people type or scanners read: lower case, ae for ä, 0 for O, capitals."""
        text, spans, rest = example
        kind = self.rng.random()
        if kind < 0.12:
            return _lower(text), spans, rest
        if kind < 0.17:
            return (*_respelled(text, spans, lambda c: _TRANSLITERATED.get(c, c)), rest)
        if kind < 0.21:
            return (*_respelled(text, spans, self._misread), rest)
        if kind < 0.24:
            return (*_respelled(text, spans, str.upper), rest)
        if kind < 0.26:
            return (
                *_respelled(
                    text.lower() if len(text.lower()) == len(text) else text,
                    spans,
                    lambda c: _TRANSLITERATED.get(c, c),
                ),
                rest,
            )
        return example

    def _misread(self, char: str) -> str:
        if self.rng.random() > 0.06:
            return char
        return {
            "O": "0",
            "o": "0",
            "l": "1",
            "I": "l",
            "S": "5",
            "B": "8",
            "0": "O",
            "1": "l",
            "5": "S",
            "8": "B",
            "ü": "u",
            "ö": "o",
            "ä": "a",
            "ß": "B",
            "e": "c",
            "m": "rn",
            "i": "í",
        }.get(char, char)

    def pieces(self, example: Example) -> Iterator[tuple[list[int], list[int]]]:
        """The example as windows of piece numbers and right answers."""
        text, spans, rest = example
        cut = self.segmenter.cut(text)
        answers = [rest] * len(cut)
        place = 0
        for start, end, label in sorted(spans):
            first_end = start + len(re.match(r"\s*\S*", text[start:end]).group())
            while place < len(cut) and max(cut[place].end, cut[place].start + 1) <= start:
                place += 1
            number = place
            while number < len(cut) and cut[number].start < end:
                answers[number] = bits(label, cut[number].start < first_end)
                number += 1
        ids = [piece.id for piece in cut]
        step = WINDOW - 54
        for begin in range(0, max(1, len(ids) - 54), step):
            window = ids[begin : begin + WINDOW]
            if window:
                yield [BOS, *window, EOS], [ALL, *answers[begin : begin + WINDOW], ALL]


_TRANSLITERATED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def _lower(text: str) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _respelled(
    text: str, spans: list[tuple[int, int, str]], change
) -> tuple[str, list[tuple[int, int, str]]]:
    places, out, length = [0], [], 0
    for char in text:
        new = change(char)
        out.append(new)
        length += len(new)
        places.append(length)
    return "".join(out), [(places[s], places[e], label) for s, e, label in spans]


def _words(records: list[dict], pattern: re.Pattern[str]) -> list[str]:
    """Words of the corpora that are no names and stand there twice."""
    counts: Counter[str] = Counter()
    for record in records:
        taken = {place for e in record["entities"] for place in range(e["start"], e["end"])}
        for match in pattern.finditer(record["text"]):
            if match.start() not in taken:
                counts[match.group(1)] += 1
    return [word for word, count in counts.items() if count > 1]


def _prose() -> list[str]:
    """Paragraphs without people: Leitstand's own documents, lines of its own programs."""
    names = re.compile(
        r"(?:Frau|Herrn?|Erika|Max|Anna|Muster|Beispiel|Müller|Elb|GmbH|@|Jana|Lena|Peter|Doe|Jane|John|Alice|Bob|Meier|AG\b)"
    )
    found = []
    for path in [*sorted((_REPO / "docs").rglob("*.md")), _REPO / "README.md"]:
        found += [
            p.strip()
            for p in re.split(r"\n\s*\n", path.read_text("utf-8"))
            if 40 < len(p) < 900 and not names.search(p)
        ]
    for path in sorted((_REPO / "src").rglob("*.py"))[::6]:
        lines = path.read_text("utf-8").splitlines()
        chunks = ("\n".join(lines[i : i + 9]) for i in range(12, len(lines) - 9, 60))
        found += [chunk for chunk in chunks if chunk.strip() and not names.search(chunk)]
    return found


def main() -> None:
    """Write epochs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--everything", action="store_true", help="train on the held-out templates too")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    segmenter = load_segmenter(args.vocabulary)
    for number in range(args.first, args.first + args.epochs):
        maker = Maker(args.data, segmenter, 1000 + number, args.everything)
        rows = [window for example in maker.epoch(args.scale) for window in maker.pieces(example)]
        ids = np.concatenate([np.array(row[0], np.uint16) for row in rows])
        sets = np.concatenate([np.array(row[1], np.uint32) for row in rows])
        lengths = np.array([len(row[0]) for row in rows], np.uint16)
        partial = args.out / f".{number:03d}.npz"
        np.savez(partial, ids=ids, sets=sets, lengths=lengths)
        partial.rename(args.out / f"{number:03d}.npz")
        sys.stderr.write(f"epoch {number}: {len(rows)} windows, {len(ids)} pieces\n")


if __name__ == "__main__":
    main()
