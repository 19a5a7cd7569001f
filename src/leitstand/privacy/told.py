"""What the test bench found, as JSON types, for programs and the command line."""

from typing import Any

from leitstand.core.i18n import Bilingual
from leitstand.privacy.bench import Examined
from leitstand.privacy.trial import Trial
from leitstand.privacy.why import TYPE_WORDS, reason_of, source_of


def both(said: Bilingual) -> dict[str, str]:
    """Both languages of a sentence."""
    return {"de": said.de, "en": said.en}


def told_examined(found: Examined) -> dict[str, Any]:
    """Everything found in a text, and what leaves the house."""
    return {
        "data_class": found.data_class.word,
        "leaves": found.leaves,
        "entities": [
            {
                "start": each.entity.start,
                "end": each.entity.end,
                "text": each.text,
                "type": each.entity.type.value,
                "title": both(TYPE_WORDS[each.entity.type]),
                "placeholders": list(each.placeholders),
                "data_class": each.data_class.word,
                "detector": each.entity.detector,
                "source": both(source_of(each.entity)),
                "reason": both(reason_of(each.entity)),
                "confidence": round(each.entity.score, 2),
            }
            for each in found.findings
        ],
    }


def told_trial(found: Trial) -> dict[str, Any]:
    """What rules would change. Texts of others are never in it: pasted, own and shipped ones only."""
    return {
        "texts": found.texts,
        "changed": len(found.effects),
        "hidden": found.hidden,
        "shown": found.shown,
        "over_masked": found.over,
        "warnings": [both(each) for each in found.warnings],
        "effects": [
            {
                "origin": each.sample.origin,
                "harmless": each.sample.harmless,
                "text": each.sample.text,
                "hidden": [[span.start, span.end] for span in each.hidden],
                "shown": [[span.start, span.end] for span in each.shown],
            }
            for each in found.effects
        ],
    }
