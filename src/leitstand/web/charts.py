"""Geometry of the small pictures: from numbers to SVG coordinates. Pure; the templates draw.

Time runs right, zero is at the bottom. A missing value leaves a gap, never a zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leitstand.reports.operations import Beat

Value = float | None


@dataclass(frozen=True)
class Spark:
    """A trend line in a box of 100 × 30. lines: `points` of each unbroken run; target: path or ""."""

    lines: tuple[str, ...]
    target: str
    end: str


def spark(values: Sequence[Value], target: float | None = None) -> Spark | None:
    """The trend of a figure; None while fewer than two values are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    top = max([*known, target or 0.0]) or 1.0

    def y(value: float) -> float:
        return 27.1 - value / top * 24.2

    runs = _runs(values, 100.0, y)
    end_x, end_y = runs[-1][-1]
    return Spark(
        lines=tuple(_points(run) for run in runs),
        target=f"M0 {_n(y(target))}H100" if target is not None else "",
        end=f"M{_n(end_x)} {_n(end_y)}h0",
    )


@dataclass(frozen=True)
class Bar:
    """One stroke in a box of 120 × 18. level: "", warn or crit."""

    x: str
    y: str
    height: str
    level: str


def beats(values: Sequence[Beat]) -> tuple[Bar, ...]:
    """Strokes for the last hour: the higher the busier, marked where requests failed."""
    top = max((beat.requests for beat in values), default=0) or 1
    return tuple(_bar(index, beat, top) for index, beat in enumerate(values))


def _bar(index: int, beat: Beat, top: int) -> Bar:
    if beat.failed:
        level, height = ("crit", 18.0) if beat.failed * 2 >= beat.requests else ("warn", 15.0)
    else:
        level, height = "", 1.0 if not beat.requests else 4.0 + 9.0 * beat.requests / top
    return Bar(_n(index * 4), _n(18 - height), _n(height), level)


@dataclass(frozen=True)
class Tick:
    """A label on an axis; at: percent of the length."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Course:
    """A line with a band above it in a box of 100 × 100. top: value at the upper edge."""

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    target_y: str
    levels: tuple[tuple[str, float], ...]
    top: float


def course(middle: Sequence[Value], upper: Sequence[Value], target: float) -> Course | None:
    """Median with its 95 % band; None while nothing was measured."""
    known = [value for value in (*middle, *upper) if value is not None]
    if not known:
        return None
    top = _nice(max(max(known), target * 1.5))

    def y(value: float) -> float:
        return 100 - value / top * 100

    lines, bands = _runs(middle, 100.0, y), _runs(upper, 100.0, y)
    return Course(
        lines=tuple(_points(run) for run in lines),
        bands=tuple(
            _points([*upper_run, *reversed(lower_run)])
            for lower_run, upper_run in zip(lines, bands, strict=True)
        ),
        target_y=_n(y(target)),
        levels=tuple((_n(100 - 100 * step / 3), top * step / 3) for step in (1, 2, 3)),
        top=top,
    )


def _nice(value: float) -> float:
    """The next of 3, 6, 9, 15, 30, 60 … : thirds of it are easy to read."""
    for step in (0.3, 0.6, 1.5, 3.0, 6.0, 9.0, 15.0, 30.0, 60.0, 90.0, 150.0, 300.0, 600.0):
        if value <= step:
            return step
    return value


Point = tuple[float, float]


def _runs(values: Sequence[Value], width: float, y: Callable[[float], float]) -> list[list[Point]]:
    """Points of each unbroken run; a lonely value becomes a short dash so that it can be seen."""
    step = width / max(len(values) - 1, 1)
    runs: list[list[Point]] = []
    open_ = False
    for index, value in enumerate(values):
        if value is None:
            open_ = False
            continue
        if not open_:
            runs.append([])
        runs[-1].append((index * step, y(value)))
        open_ = True
    return [run if len(run) > 1 else _dash(run[0], step, width) for run in runs]


def _dash(point: Point, step: float, width: float) -> list[Point]:
    half = min(step / 2, 1.0)
    return [(max(point[0] - half, 0.0), point[1]), (min(point[0] + half, width), point[1])]


def _points(run: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in run)


def _n(value: float) -> str:
    """A coordinate, short: `12.3`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------- the way of the requests


@dataclass(frozen=True)
class Branch:
    """One provider at the end of the way. path: its pipe; y: upper edge of its box (28 high)."""

    index: int
    path: str
    width: str
    y: int


@dataclass(frozen=True)
class FlowShape:
    """The picture is 1110 wide. middle: axis of the pipes; widths: of the pipes between the five stations."""

    height: int
    middle: int
    widths: tuple[str, ...]
    branches: tuple[Branch, ...]


ROUTE_EDGE = 808
PROVIDER_EDGE = 878


def flow_shape(stages: Sequence[float], providers: Sequence[float]) -> FlowShape:
    """stages: load between the stations and on the side exits, any unit; providers: load of each, same unit."""
    height = max(33 * len(providers) + 4, 178)
    middle = height // 2 if len(providers) > 5 else 89
    top = max([*stages, *providers]) or 1.0
    first = middle - 33 * len(providers) // 2 + 2 if len(providers) <= 5 else 4
    return FlowShape(
        height=height,
        middle=middle,
        widths=tuple(_width(load, top) for load in stages),
        branches=tuple(
            Branch(
                index,
                _branch(middle, max(first, 4) + 33 * index + 14),
                _width(load, top),
                max(first, 4) + 33 * index,
            )
            for index, load in enumerate(providers)
        ),
    )


def _branch(middle: int, y: int) -> str:
    return f"M{ROUTE_EDGE} {middle}C850 {middle} 836 {y} {PROVIDER_EDGE} {y}"


def _width(load: float, top: float) -> str:
    return _n(max(14 * load / top, 1.2))
