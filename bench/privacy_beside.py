"""Presidio's pattern recognisers over one text per line: JSON {text} on stdin, [[start, end], …] per line on stdout.

Runs in a virtual environment of its own (.bench/presidio), which holds `presidio-analyzer` and not Leitstand. No model
for names comes with Presidio, and the German ones of spaCy are not on the package index: names are therefore found by
none of its recognisers here, and the figures say what it finds by patterns alone.
"""

import json
import sys
from typing import Any


def analyzer() -> Any:
    """All recognisers that work by pattern, for German texts; a blank tokenizer stands in for the missing model."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    class Blank(SpacyNlpEngine):  # type: ignore[misc]  # Presidio carries no types
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"de": spacy.blank("de"), "en": spacy.blank("en")}

    registry = RecognizerRegistry(supported_languages=["de", "en"])
    registry.load_predefined_recognizers(languages=["de", "en"], nlp_engine=Blank())
    for each in list(registry.recognizers):
        if isinstance(each, SpacyRecognizer):
            registry.recognizers.remove(each)
        else:
            each.supported_language = "de"  # most say only `en`, and mean patterns of every language
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["de", "en"])


def main() -> None:
    """Until standard input ends."""
    engine = analyzer()
    for line in sys.stdin:
        found = engine.analyze(text=json.loads(line)["text"], language="de")
        print(json.dumps([[each.start, each.end, each.entity_type] for each in found]), flush=True)


if __name__ == "__main__":
    main()
