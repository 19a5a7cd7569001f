"""Templates: one Jinja environment per language, so that `_` in a template needs no per-request state."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leitstand.core.i18n import Translator
from leitstand.web.assets import Assets

ROOM = Path(__file__).parent
_HTML_SAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", ord("'"): "\\u0027"}


def island(value: object) -> Markup:
    """JSON for `<script type="application/json">`: nothing in it can end the element."""
    return Markup(json.dumps(value, ensure_ascii=False).translate(_HTML_SAFE))  # noqa: S704 - escaped above


def initials(value: str) -> str:
    """The initials of a display name, at most two: `Anna Berger` → `AB`."""
    words = value.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def build_environments(
    translators: Mapping[str, Translator], assets: Assets, globals_: Mapping[str, Callable[..., object]]
) -> Mapping[str, Environment]:
    """By language. globals_: functions that every template may call."""
    return {
        language: _environment(translator, assets, globals_) for language, translator in translators.items()
    }


def _environment(
    translator: Translator, assets: Assets, globals_: Mapping[str, Callable[..., object]]
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([ROOM / "layout", ROOM / "pages"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The i18n extension adds these two methods to every environment it is loaded into.
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added at run time, untyped
        translator.gettext, translator.ngettext, newstyle=True
    )
    environment.filters["island"] = island
    environment.filters["initials"] = initials
    environment.globals["asset"] = assets.url
    environment.globals["language"] = translator.language
    environment.globals.update(globals_)
    return environment
