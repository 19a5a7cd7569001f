"""Write texts of the templates that were left out of training, marked, for bench/privacy.py.

python -m training.pii.heldout --data FOLDER --out heldout.jsonl
"""

import argparse
import json
import random
from pathlib import Path

from training.pii.corpus import held_out, templates
from training.pii.fill import Filler
from training.pii.values import Values

from leitstand.privacy.entities import EntityType

_TIMES = 6
_TYPES = frozenset(EntityType)


def main() -> None:
    """Write the records."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    filler = Filler(Values(args.data / "gazetteers", random.Random(99)))  # noqa: S311 - sample texts
    rows = []
    for number, template in enumerate(filter(held_out, templates())):
        for turn in range(_TIMES):
            filled = filler.fill(template)
            spans = [{"start": s, "end": e, "type": label} for s, e, label in filled.spans]
            entities = [span for span in spans if span["type"] in _TYPES]
            source = "generated" if entities else "generated-neg"
            rows.append({
                "id": f"{number}-{turn}", "text": filled.text, "source": source, "full": True, "annotated": "ALL",
                "entities": entities, "ignore": [span for span in spans if span not in entities],
            })  # fmt: skip
    args.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
