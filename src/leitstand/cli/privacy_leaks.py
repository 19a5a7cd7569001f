"""`leitstand privacy leaks` and `leitstand privacy cover`: what the leak watch found; an image as it would leave the house."""

import argparse
import base64
import json
import sys
from pathlib import Path

from leitstand.cli import office


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to `privacy`."""
    leaks = actions.add_parser("leaks", help="what the leak watch found; words only with --texts")
    leaks.add_argument("--texts", action="store_true", help="show the words and what stands around them")
    leaks.add_argument("--json", action="store_true", help="machine-readable output")
    office.add_data_option(leaks)
    leaks.set_defaults(run=_leaks)
    cover = actions.add_parser("cover", help="an image as it would leave the house")
    cover.add_argument("image", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP, GIF, BMP or TIFF")
    cover.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the covered image goes")
    cover.add_argument("--rules-only", action="store_true", help="without the name tagger")
    cover.set_defaults(run=_cover)


def _leaks(args: argparse.Namespace) -> int:
    from leitstand.configuration.secrets import load_sealer
    from leitstand.core import settings
    from leitstand.core.clock import from_us
    from leitstand.privacy.leaks.repository import LeakRows
    from leitstand.privacy.leaks.watch import opened
    from leitstand.store.engine import open_engine
    from leitstand.store.migrate import migrate

    folder = settings.data_dir(args.data)
    engine = open_engine(folder)
    try:
        migrate(engine)
        sealer = load_sealer(folder)
        found = [opened(row, sealer) for row in LeakRows(engine).findings(500)]
    finally:
        engine.dispose()
    told = [
        {
            "id": each.id, "request_id": each.request_id, "type": each.type, "certainty": each.certainty.value,
            "state": each.state.value, "sent": from_us(each.sent_us).isoformat(timespec="seconds"),
            "use_case": each.use_case, "provider": each.provider,
            **({"words": each.shown.words, "before": each.shown.before, "after": each.shown.after} if args.texts and each.shown else {}),
        }
        for each in found
    ]  # fmt: skip
    if args.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for row in told:
        words = f"  {row['before']}[{row['words']}]{row['after']}" if "words" in row else ""
        print(
            f"{row['sent']}  {row['certainty']:<8}  {row['state']:<9}  {row['type']:<12}  {row['request_id']}{words}"
        )
    if not told:
        print("no findings", file=sys.stderr)
    return 0


def _cover(args: argparse.Namespace) -> int:
    """0 with a covered image; 1 where it could not be read, so that it would stay in the house from class personal on."""
    from leitstand.core.conversation import Media, Message, Prompt
    from leitstand.privacy.mask import mask, scan
    from leitstand.privacy.pictures import tesseract
    from leitstand.privacy.pictures.reader import PictureReader
    from leitstand.privacy.pictures.values import Unseen, Why
    from leitstand.privacy.scan import Scanner
    from leitstand.privacy.tagger import tagger

    data = base64.b64encode(args.image.read_bytes()).decode()
    seen = PictureReader(1).look(data) if tesseract.is_installed() else Unseen(Why.NO_READER)
    if isinstance(seen, Unseen):
        print(f"leitstand privacy cover: the image was not read ({seen.why.value})", file=sys.stderr)
        if seen.why is Why.NO_READER:
            print("hint: apt-get install tesseract-ocr tesseract-ocr-deu", file=sys.stderr)
        return 1
    prompt = Prompt("chat", "", (Message("user", (Media("image", "", data),)),))
    scanner = Scanner(tagger=None if args.rules_only else tagger())
    scanned = scan(prompt, scanner, {data: seen})
    masked, _ = mask(scanned)
    media = masked.prompt.messages[0].parts[0]
    assert isinstance(media, Media)
    args.out.write_bytes(base64.b64decode(media.data))
    counts = {kind.value: count for kind, count in scanned.counts.items()}
    print(json.dumps({"covered": masked.count, "entities": counts, "out": str(args.out)}))
    return 0
