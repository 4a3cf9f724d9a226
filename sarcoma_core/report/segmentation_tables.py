"""The tables of the page of a segmentation study."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sarcoma_core.report.measures import (
    NOT_ESTIMATED,
    WithLimits,
    fixed,
    limits_text,
    listed,
    measure_text,
    p_text,
    unbroken,
)
from sarcoma_core.report.prognosis_tables import MeasureCell
from sarcoma_core.report.segmentation_names import (
    DECIMALS,
    MEASURE_TITLES,
    REGION_TITLES,
    SCALES,
    SIGNED,
    ModelNames,
    images,
)
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.segmentation.evaluation.cases import VARIABLES, ModelGroup, RegionKey
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation
from sarcoma_core.segmentation.evaluation.medians import GroupSummary, MeasureKey, MedianWithLimits
from sarcoma_core.segmentation.evaluation.strata import HIDDEN_WORDS, StratifiedGroup, StratumSummary
from sarcoma_core.segmentation.evaluation.testing import ALPHA, TESTED, ModelsTest, StrataTest
from sarcoma_core.text import counted

TABLE_MEASURES: tuple[MeasureKey, ...] = ("dice", "f2", "assd_mm", "hd95_mm", "volume_error")
"""The columns of the study's table."""
_MOST_TOLD = 4
"""Lines of a region whose medians stand in a sentence."""
STRATA_MEASURES: tuple[MeasureKey, ...] = ("dice", "f2", "assd_mm", "hd95_mm")


@dataclass(frozen=True)
class FormLine:
    """A line of a table: what it is about, and a cell for each column."""

    name: str
    cells: tuple[MeasureCell, ...]


@dataclass(frozen=True)
class FormPart:
    """Lines that belong together.

    Args:
        name: of them.
        lines: one at least.
        note: below them; empty where there is none.
    """

    name: str
    lines: tuple[FormLine, ...]
    note: str = ""


@dataclass(frozen=True)
class FormTable:
    """Parts below one another.

    Args:
        first: heading of the names.
        columns: headings of the cells.
        parts: in the order of the page.
    """

    first: str
    columns: tuple[str, ...]
    parts: tuple[FormPart, ...]


def study_form(found: SegmentationEvaluation, names: ModelNames, *, failed: bool) -> FormTable:
    """The table of the study: models by sequence and plane, a part for each region.

    Args:
        found: the evaluation.
        names: of its models.
        failed: whether cases that failed are among them.
    """
    columns = ("Images", "Patients", "Failed", *(MEASURE_TITLES[one] for one in TABLE_MEASURES))
    parts = tuple(
        FormPart(
            REGION_TITLES[region],
            tuple(_form_line(one, names, failed=failed) for one in found.table if one.group.region == region),
        )
        for region in found.regions
    )
    return FormTable("Model", columns, parts)


def _form_line(one: GroupSummary, names: ModelNames, *, failed: bool) -> FormLine:
    measures = one.all if failed else one.not_failed
    return FormLine(
        names.model(one.group.model),
        (
            MeasureCell(images(one.group)),
            MeasureCell(str(one.n if failed else measures["dice"].n)),
            MeasureCell(str(one.n_failed), warned=one.n_failed > 0),
            *(median_cell(measures[measure], measure) for measure in TABLE_MEASURES),
        ),
    )


def median_cell(found: MedianWithLimits, measure: MeasureKey) -> MeasureCell:
    """A median with its quartiles, its limits beside it."""
    if found.median is None or found.q1 is None or found.q3 is None:
        return MeasureCell(NOT_ESTIMATED)
    places, sign, by = DECIMALS[measure], measure in SIGNED, SCALES.get(measure, 1.0)
    median, q1, q3 = (fixed(by * one, places, sign=sign) for one in (found.median, found.q1, found.q3))
    beside = ""
    if found.lower is not None and found.upper is not None:
        beside = " to ".join(fixed(by * one, places, sign=sign) for one in (found.lower, found.upper))
    return MeasureCell(f"{median} [{q1} to {q3}]", beside)


def strata_table(
    parted: Iterable[StratifiedGroup], tests: Sequence[StrataTest], names: ModelNames
) -> FormTable:
    """The parts of the patients by one variable, each line of the study by itself.

    Args:
        parted: of one variable.
        tests: of the whole family.
        names: of the models.
    """
    columns = ("Patients", "Failed", *(MEASURE_TITLES[one] for one in STRATA_MEASURES))
    parts = tuple(
        FormPart(
            f"{REGION_TITLES[one.group.region]}: {names.line(one.group)}",
            tuple(_stratum_line(stratum) for stratum in one.strata),
            _test_told([t for t in tests if (t.group, t.variable) == (one.group, one.variable)]),
        )
        for one in parted
    )
    return FormTable("Patients with", columns, parts)


def _stratum_line(one: StratumSummary) -> FormLine:
    if one.hidden or one.measures is None:
        return FormLine(one.level, (MeasureCell(HIDDEN_WORDS[one.hidden]),))
    return FormLine(
        one.level,
        (
            MeasureCell(fixed(one.n, 0)),
            MeasureCell(fixed(one.n_failed, 0), warned=bool(one.n_failed)),
            *(median_cell(one.measures[measure], measure) for measure in STRATA_MEASURES),
        ),
    )


def _test_told(tests: Sequence[StrataTest]) -> str:
    if not tests:
        return "Not tested: fewer than two parts are shown."
    each = [f"{_word(t.measure)} p {_p(t.p)}, Holm {_p(t.adjusted)}" for t in tests]
    shown = f"{counted(len(tests[0].levels), 'part')} that are shown, {counted(tests[0].n, 'patient')}"
    return f"Kruskal-Wallis over {shown}: {'; '.join(each)}."


def _word(measure: MeasureKey) -> str:
    """A measure without its unit."""
    return MEASURE_TITLES[measure].partition(",")[0]


def _p(value: float) -> str:
    text = p_text(value)
    return text if text.startswith("<") else f"= {text}"


def models_table(tests: Sequence[ModelsTest], names: ModelNames) -> FormTable:
    """Pairs of lines on the patients that both have, a part for each region.

    Args:
        tests: of the whole family.
        names: of the models.
    """
    heads = (
        (f"Difference in {MEASURE_TITLES[one]}", f"p, {_word(one)}", f"Holm, {_word(one)}") for one in TESTED
    )
    columns = ("Patients of both", *(cell for head in heads for cell in head))
    pairs: dict[RegionKey, dict[tuple[ModelGroup, ModelGroup], list[ModelsTest]]] = {}
    for one in tests:
        pairs.setdefault(one.first.region, {}).setdefault((one.first, one.second), []).append(one)
    parts = tuple(
        FormPart(
            REGION_TITLES[region],
            tuple(
                FormLine(f"{names.line(first)}, less {names.line(second)}", tuple(_pair_cells(held)))
                for (first, second), held in each.items()
            ),
        )
        for region, each in pairs.items()
    )
    return FormTable("Pair", columns, parts)


def _pair_cells(held: Sequence[ModelsTest]) -> Iterator[MeasureCell]:
    by_measure = {one.measure: one for one in held}
    yield MeasureCell(str(held[0].difference.n))
    for measure in TESTED:
        one = by_measure.get(measure)
        if one is None:
            yield from (MeasureCell(NOT_ESTIMATED) for _ in range(3))
            continue
        found, places = one.difference, DECIMALS[measure]
        told = WithLimits(found.median or 0.0, found.lower, found.upper)
        yield MeasureCell(fixed(told.value, places, sign=True), limits_text(told, places, sign=True))
        yield from (MeasureCell(unbroken(p_text(p))) for p in (one.p, one.adjusted))


def _difference(one: ModelsTest) -> str:
    found = one.difference
    told = WithLimits(found.median or 0.0, found.lower, found.upper)
    return measure_text(told, DECIMALS[one.measure], sign=True)


def kinds_table(found: SegmentationEvaluation, names: ModelNames) -> StudyTable:
    """What failed and what is lacking, by model, region and kind."""
    told = found.kinds()
    columns = sorted({kind for kinds in told.values() for kind in kinds})
    rows = tuple(
        StudyRow(
            f"{REGION_TITLES[region]}: {names.model(model) if model else 'every model'}",
            tuple(str(kinds[kind]) if kind in kinds else "" for kind in columns),
        )
        for (model, region), kinds in told.items()
    )
    return StudyTable(
        "lacking",
        "What failed, and what is lacking",
        "Cases, by kind: sessions of the cohort, of each series that a reference lies on. Who they are "
        "stands in cases.csv.",
        ("model", *columns),
        rows,
    )


def findings(found: SegmentationEvaluation, names: ModelNames) -> tuple[str, ...]:
    """What came of it, sentences."""
    return (*_medians_told(found, names), *_tests_told(found, names))


def _medians_told(found: SegmentationEvaluation, names: ModelNames) -> Iterator[str]:
    """The median Dice of each line of a region; of many lines those of the highest and the lowest."""
    for region in found.regions:
        lines = [one for one in found.table if one.group.region == region]
        order = sorted(lines, key=lambda one: one.all["dice"].median or 0.0, reverse=True)
        many = len(lines) > _MOST_TOLD
        each = [_median_told(one, names) for one in ((order[0], order[-1]) if many else lines)]
        of = f" of {len(lines)} lines, the highest and the lowest" if many else ""
        yield f"{REGION_TITLES[region]}, median Dice{of}: {'; '.join(each)}."


def _median_told(one: GroupSummary, names: ModelNames) -> str:
    dice = one.all["dice"]
    told = measure_text(WithLimits(dice.median or 0.0, dice.lower, dice.upper), DECIMALS["dice"])
    failed = f", {one.n_failed} failed" if one.n_failed else ""
    return f"{names.line(one.group)} {told}, {counted(one.n, 'patient')}{failed}"


def _tests_told(found: SegmentationEvaluation, names: ModelNames) -> Iterator[str]:
    for test in found.models_tests:
        if test.adjusted < ALPHA:
            what = _word(test.measure)
            yield (
                f"{what} differs between {names.line(test.first)} and {names.line(test.second)} "
                f"({REGION_TITLES[test.first.region].lower()}, difference {_difference(test)}, Holm p "
                f"{_p(test.adjusted)})."
            )
    for variable, title in VARIABLES.items():
        held = [one for one in found.strata_tests if one.variable == variable and one.adjusted < ALPHA]
        if held:
            lines = dict.fromkeys(
                f"{_word(one.measure)} of {names.line(one.group)} "
                f"({REGION_TITLES[one.group.region].lower()}, Holm p {_p(one.adjusted)})"
                for one in held
            )
            yield f"{title} makes a difference: {listed(list(lines))}."
    adjusted = [*(one.adjusted for one in found.models_tests), *(one.adjusted for one in found.strata_tests)]
    if adjusted and min(adjusted) >= ALPHA:
        yield "No difference between models or parts of the patients can be told from chance (Holm, 0.05)."
