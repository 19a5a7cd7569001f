"""Collects every text of ours that pages show: from Python and from templates (scripts get theirs from templates)."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

import leitstand.web

ROOM = Path(leitstand.web.__file__).parent
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "N_": None, "say": None, "ngettext": (1, 2)}
_OPTIONS = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}


def source_messages() -> dict[str, tuple[str, ...]]:
    """By singular: its forms, one or two; in the order of the files."""
    found: dict[str, tuple[str, ...]] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOM, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
    ):
        forms = (message,) if isinstance(message, str) else tuple(message)
        found.setdefault(forms[0], forms)
    return found
