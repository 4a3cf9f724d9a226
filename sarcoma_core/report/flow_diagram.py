"""How the patients of the table became those of each analysis: a flow diagram after CONSORT, as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sarcoma_core.errors import InputError
from sarcoma_core.report.line_breaks import broken
from sarcoma_core.report.measures import fixed
from sarcoma_core.text import counted

WIDTH = 720
"""Of the drawing, in its own units, which are about pixels."""
LETTERS = 13
"""Their size."""
LINE = 18
PADDING = 10
GAP = 26
"""Between two boxes, which the arrow crosses."""
_BOX, _BESIDE = 330, 40
_BETWEEN = 20
_INDENT = 34


@dataclass(frozen=True)
class FlowStep:
    """A set of patients.

    Args:
        name: what they are, e.g. `With a follow-up`.
        n: how many.
        left_out: reason and number of those of the step before who are not among them.
        events: of these, where the step is the analysis of an endpoint.
    """

    name: str
    n: int
    left_out: tuple[tuple[str, int], ...] = ()
    events: int | None = None

    @property
    def lost(self) -> int:
        """How many fell out on the way to it."""
        return sum(number for _, number in self.left_out)

    @property
    def counts(self) -> str:
        """Its numbers in words."""
        told = f"n = {fixed(self.n, 0)}"
        return told if self.events is None else f"{told}, {counted(self.events, 'event')}"


@dataclass(frozen=True)
class PatientFlow:
    """From the whole table to the endpoints.

    Args:
        steps: each drawn from the one before; the first is the whole table.
        endpoints: each drawn from the last step.

    Raises:
        InputError: there is no step, or numbers do not add up.
    """

    steps: tuple[FlowStep, ...]
    endpoints: tuple[FlowStep, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputError("steps: must begin with the whole table; there is none.")
        pairs = list(zip(self.steps[:-1], self.steps[1:], strict=True))
        for before, after in [*pairs, *((self.steps[-1], one) for one in self.endpoints)]:
            if before.n - after.lost != after.n:
                raise InputError(f"left_out: must add up: {before.n} less {after.lost} is not {after.n}.")
        if self.steps[0].left_out:
            raise InputError("left_out: the whole table leaves nobody out; found a reason.")


@dataclass(frozen=True)
class FlowBox:
    """A box of the drawing: its place, its lines, and whether it is of those who were left out."""

    x: float
    y: float
    width: float
    lines: tuple[str, ...]
    strong: int
    apart: bool

    @property
    def height(self) -> float:
        """As its lines need."""
        return 2 * PADDING + LINE * len(self.lines)

    @property
    def end(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def baseline(self, line: int) -> float:
        """Of a line, from 0."""
        return self.y + PADDING + LINE * line + 13


@dataclass(frozen=True)
class FlowDiagram:
    """Boxes and arrows, and what they show for who cannot see them."""

    boxes: tuple[FlowBox, ...]
    arrows: tuple[str, ...]
    height: float
    alt: str


def flow_diagram(flow: PatientFlow) -> FlowDiagram:
    """Lay it out: steps below one another, endpoints beside one another below the last."""
    boxes, arrows = [_box(flow.steps[0], 0, 0, _BOX)], []
    single = flow.endpoints if len(flow.endpoints) == 1 else ()
    for step in (*flow.steps[1:], *single):
        above = boxes[-1]
        beside = _left_out(step, _BOX + _BESIDE, above.end + GAP, WIDTH - _BOX - _BESIDE)
        below = _box(step, 0, (beside.end if beside else above.end) + GAP, _BOX)
        arrows.append(_down(_BOX / 2, above.end, below.y))
        if beside:
            arrows.append(_right(_BOX / 2, beside.y + beside.height / 2, beside.x))
            boxes.append(beside)
        boxes.append(below)
    if not single:
        more_boxes, more_arrows = _branches(flow.endpoints, boxes[-1].end)
        boxes, arrows = [*boxes, *more_boxes], [*arrows, *more_arrows]
    return FlowDiagram(tuple(boxes), tuple(arrows), max(box.end for box in boxes), flow_told(flow))


def _branches(endpoints: Sequence[FlowStep], top: float) -> tuple[list[FlowBox], list[str]]:
    """The endpoints below the last step, each with who fell out beside its arrow."""
    boxes: list[FlowBox] = []
    arrows: list[str] = []
    if not endpoints:
        return boxes, arrows
    width = (WIDTH - _BETWEEN * (len(endpoints) - 1)) / len(endpoints)
    bar, columns = top + GAP, [number * (width + _BETWEEN) for number in range(len(endpoints))]
    lost = [
        _left_out(one, x + _INDENT, bar + GAP / 2, width - _INDENT)
        for one, x in zip(endpoints, columns, strict=True)
    ]
    level = max((box.end for box in lost if box), default=bar) + GAP
    aside = _INDENT / 2 if any(lost) else width / 2
    rails = [x + aside for x in columns]
    arrows.append(
        f"M{_BOX / 2:g} {top:g}V{bar:g}M{min(rails[0], _BOX / 2):g} {bar:g}H{max(rails[-1], _BOX / 2):g}"
    )
    for one, x, rail, beside in zip(endpoints, columns, rails, lost, strict=True):
        arrows.append(_down(rail, bar, level))
        if beside:
            arrows.append(_right(rail, beside.y + beside.height / 2, beside.x))
            boxes.append(beside)
        boxes.append(_box(one, x, level, width))
    return boxes, arrows


def _box(step: FlowStep, x: float, y: float, width: float) -> FlowBox:
    room = (width - 2 * PADDING) / LETTERS
    name = broken(step.name, room, bold=True)
    return FlowBox(x, y, width, (*name, *broken(step.counts, room)), len(name), apart=False)


def _left_out(step: FlowStep, x: float, y: float, width: float) -> FlowBox | None:
    if not step.left_out:
        return None
    reasons = [
        line
        for why, number in step.left_out
        for line in broken(f"{fixed(number, 0)} {why}", (width - 2 * PADDING) / LETTERS)
    ]
    return FlowBox(x, y, width, (f"Left out: {fixed(step.lost, 0)}", *reasons), 1, apart=True)


def _down(x: float, start: float, end: float) -> str:
    return f"M{x:g} {start:g}V{end - 1:g}m-4 -6l4 6l4 -6"


def _right(start: float, y: float, end: float) -> str:
    return f"M{start:g} {y:g}H{end - 1:g}m-6 -4l6 4l-6 4"


def flow_told(flow: PatientFlow) -> str:
    """The flow in words."""
    return "Flow of patients. " + " ".join(_told(flow))


def _told(flow: PatientFlow) -> Iterator[str]:
    for step in (*flow.steps, *flow.endpoints):
        reasons = "; ".join(f"{fixed(number, 0)} {why}" for why, number in step.left_out)
        yield f"{step.name}: {step.counts}{f' (left out: {reasons})' if reasons else ''}."
