"""Text cut into sentences, for German and English: abbreviations, ordinals and dates end none."""

import re

_BORDER = re.compile(r"(?<=[.!?…])[\"“”»)\]]*\s+(?=[\"„“»(\[]?[A-ZÄÖÜ0-9§])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:\d{1,2}|[A-Za-zÄÖÜäöü]|z\.\s?B|u\.\s?a|d\.\s?h|i\.\s?d\.\s?R|o\.\s?g|bzw|ca|Nr|Abs|Art|Str|Tel|inkl|exkl|"
    r"zzgl|ggf|evtl|max|min|mind|usw|etc|vgl|Dr|Prof|Ing|Dipl|St|Hr|Fr|Mr|Mrs|Ms|e\.g|i\.e|vs|No|ff|sog|bspw|"
    r"Jan|Feb|Aug|Sept?|Okt|Nov|Dez|Mio|Mrd)\.$"
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; a line end always ends one."""
    return [sentence for line in text.splitlines() for sentence in _of_line(line.strip()) if sentence]


def _of_line(line: str) -> list[str]:
    found: list[str] = []
    start = 0
    for border in _BORDER.finditer(line):
        sentence = line[start : border.end()].strip()
        if not _ABBREVIATION.search(sentence):
            found.append(sentence)
            start = border.end()
    found.append(line[start:].strip())
    return found
