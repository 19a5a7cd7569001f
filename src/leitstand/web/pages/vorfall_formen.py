"""The forms of `/betrieb/vorfaelle/NUMMER`, each as the act it asks for."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from leitstand.core.errors import InvalidRequest
from leitstand.monitoring import acts
from leitstand.web.visit import Visit


async def _take_over(_visit: Visit) -> acts.Act:
    return acts.TakeOver()


async def _note(visit: Visit) -> acts.Act:
    return acts.Note(await visit.field("notiz"))


async def _tick(visit: Visit) -> acts.Act:
    return acts.Tick(_whole(await visit.field("schritt")))


async def _close(visit: Visit) -> acts.Act:
    return acts.Close(await visit.field("lehren"))


async def _reopen(_visit: Visit) -> acts.Act:
    return acts.Reopen()


async def _classify(visit: Visit) -> acts.Act:
    kind = await visit.field("einstufung")
    return acts.Classify("breach" if kind == "breach" else "none", await visit.field("grund"))


async def _publish(visit: Visit) -> acts.Act:
    until, until_us = (await visit.field("bis")).strip(), None
    if until:
        try:
            moment = datetime.fromisoformat(until).replace(tzinfo=visit.form.zone)
        except ValueError as cause:
            raise InvalidRequest(f"„{until}“ ist kein Zeitpunkt.", f"'{until}' is no moment.") from cause
        until_us = int(moment.timestamp() * 1_000_000)
    models = tuple(name.strip() for name in (await visit.field("modelle")).split(",") if name.strip())
    return acts.Publish(await visit.field("deutsch"), await visit.field("englisch"), until_us, models)


async def _withdraw(_visit: Visit) -> acts.Act:
    return acts.Withdraw()


async def _add_task(visit: Visit) -> acts.Act:
    return acts.AddTask(
        await visit.field("aufgabe"), await visit.field("wer"), (await visit.field("frist")).strip()
    )


async def _finish_task(visit: Visit) -> acts.Act:
    return acts.FinishTask(await visit.field("aufgabe"))


async def _write(visit: Visit) -> acts.Act:
    return acts.Write(await visit.field("text"), _whole(await visit.field("version")))


ACTS: dict[str, Callable[[Visit], Awaitable[acts.Act]]] = {
    "uebernehmen": _take_over, "notiz": _note, "schritt": _tick, "schliessen": _close, "wiederoeffnen": _reopen,
    "einstufen": _classify, "hinweis": _publish, "hinweis-beenden": _withdraw, "aufgabe": _add_task,
    "erledigt": _finish_task, "nachbereitung": _write,
}  # fmt: skip


def _whole(text: str) -> int:
    try:
        return int(text or "0")
    except ValueError as cause:
        raise InvalidRequest(f"„{text}“ ist keine Zahl.", f"'{text}' is no number.") from cause
