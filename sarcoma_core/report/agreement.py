"""The page over readers: who agrees with whom, whose volumes are larger, and the worst cases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sarcoma_core import __version__
from sarcoma_core.report import agreement_plots
from sarcoma_core.report.agreement_pictures import OutlinedCase, film_kinds, line_styles
from sarcoma_core.report.agreement_plots import bland_altman_plot, signed
from sarcoma_core.report.mask_pictures import MARGIN_MM
from sarcoma_core.report.page import environment
from sarcoma_core.report.pictures import window_text
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.segmentation.definitions import DEFINED
from sarcoma_core.segmentation.readers.agreement import CaseAgreement, PairSummary, ReaderBias
from sarcoma_core.segmentation.readers.consensus import MARGIN
from sarcoma_core.text import counted

_NOTHING = "none"


class AgainstConsensus(Protocol):
    """A reader against the consensus, over all cases that have one."""

    @property
    def reader(self) -> str:
        """Id."""

    @property
    def n(self) -> int:
        """Number of cases."""

    @property
    def sensitivity(self) -> float:
        """Mean."""

    @property
    def specificity(self) -> float:
        """Mean."""


@dataclass(frozen=True)
class AgreementFacts:
    """All that the page shows.

    Args:
        roi: key of the region.
        readers: ids.
        cases: the worst first.
        pairs: each two readers over all cases.
        biases: whose volumes are larger.
        performance: each reader against the consensus.
        missing: case and reader of each reading that is not there.
        left_out: case and reason of those that were not compared.
        drawn: the worst cases with outlines.
    """

    roi: str
    readers: tuple[str, ...]
    cases: tuple[CaseAgreement, ...]
    pairs: tuple[PairSummary, ...]
    biases: tuple[ReaderBias, ...]
    performance: Sequence[AgainstConsensus]
    missing: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str], ...]
    drawn: tuple[OutlinedCase, ...]


def render_agreement(title: str, facts: AgreementFacts) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the project.
        facts: what there is to show.
    """
    return (
        environment()
        .get_template("agreement.html")
        .render(
            title=title,
            facts=facts,
            lede=_lede(facts),
            matrix=_matrix(facts),
            bias=_bias(facts),
            cases=_cases(facts),
            apart=tuple(_apart(facts)),
            plots=tuple(bland_altman_plot(pair) for pair in facts.pairs),
            plot=agreement_plots,
            hd95=DEFINED["directed"],
            margin=MARGIN,
            surroundings=f"{MARGIN_MM:g}",
            styles=line_styles(facts.readers),
            films=film_kinds(facts.drawn),
            window_text=window_text,
            case_line=case_line,
            version=__version__,
        )
    )


def _lede(facts: AgreementFacts) -> str:
    failed = sum(case.failed for case in facts.cases)
    told = f"{counted(len(facts.readers), 'reader')}, {counted(len(facts.cases), 'case')} compared"
    told += f", {failed} of them failed" if failed else ""
    return f"{told}, {counted(len(facts.missing), 'reading')} missing"


def _matrix(facts: AgreementFacts) -> StudyTable:
    """Who agrees with whom: a row and a column for each reader, the same on either side of the diagonal."""
    by_pair = {frozenset((one.first, one.second)): one for one in facts.pairs}
    rows = []
    for reader in facts.readers:
        cells = (
            "" if other == reader else _pair_cell(by_pair.get(frozenset((reader, other))))
            for other in facts.readers
        )
        rows.append(StudyRow(reader, tuple(cells)))
    return StudyTable(
        "matrix",
        "Who agrees with whom",
        "Mean Dice, mean HD95 and mean ASSD of each two readers, over the cases that both have read.",
        ("reader", *facts.readers),
        tuple(rows),
    )


def _pair_cell(pair: PairSummary | None) -> str:
    if pair is None:
        return "no case of both"
    told = [f"Dice {pair.dice:.3f}"]
    if pair.hd95_mm is not None and pair.assd_mm is not None:
        told += [f"HD95 {pair.hd95_mm:.1f} mm", f"ASSD {pair.assd_mm:.2f} mm"]
    failed = f", {pair.n_failed} failed" if pair.n_failed else ""
    return f"{', '.join(told)} ({counted(pair.n, 'case')}{failed})"


def _bias(facts: AgreementFacts) -> StudyTable:
    performance = {one.reader: one for one in facts.performance}
    rows = []
    for one in facts.biases:
        against = performance.get(one.reader)
        percent = _NOTHING if one.bias_percent is None else f"{signed(one.bias_percent)} %"
        rows.append(
            StudyRow(
                one.reader,
                (
                    f"{signed(one.bias_ml)} ml",
                    percent,
                    str(one.n),
                    f"{against.sensitivity:.3f}" if against else _NOTHING,
                    f"{against.specificity:.4f}" if against else _NOTHING,
                    str(against.n) if against else "0",
                ),
            )
        )
    return StudyTable(
        "bias",
        "Who draws larger",
        "The volume of a reader minus the mean of the others' volumes in the same case, mean over the cases; "
        "and each reader against the STAPLE consensus of the cases that three or more have read.",
        ("reader", "bias", "bias in %", "cases", "sensitivity", "specificity", "cases with consensus"),
        tuple(rows),
    )


def _cases(facts: AgreementFacts) -> StudyTable:
    rows = (
        StudyRow(
            f"{case.target.case}, scan {case.target.series}",
            (
                f"{case.worst.first}, {case.worst.second}",
                f"{case.worst.scores.dice:.3f}",
                f"{case.worst.scores.hd95_mm:.1f} mm" if not case.worst.scores.failed else _NOTHING,
                f"{case.worst.scores.assd_mm:.2f} mm" if not case.worst.scores.failed else _NOTHING,
                ", ".join(f"{reader} {ml:.1f} ml" for reader, ml in case.volumes_ml.items()),
                "failed: one marked nothing" if case.failed else "",
            ),
        )
        for case in facts.cases
    )
    return StudyTable(
        "cases",
        "Every case",
        "The two readers of each case who agree least, the worst case first; and everybody's volume.",
        ("case", "least agreement", "Dice", "HD95", "ASSD", "volumes", "note"),
        tuple(rows),
    )


def _apart(facts: AgreementFacts) -> Iterator[StudyTable]:
    """What is missing, and what was not compared: only where there is something."""
    if facts.missing:
        by_case: dict[str, list[str]] = {}
        for case, reader in facts.missing:
            by_case.setdefault(case, []).append(reader)
        rows = tuple(StudyRow(case, (", ".join(readers),)) for case, readers in by_case.items())
        yield StudyTable(
            "missing", "Missing", "Who has not read what is assigned.", ("case", "missing"), rows
        )
    if facts.left_out:
        rows = tuple(StudyRow(case, (why,)) for case, why in facts.left_out)
        told = "What could not be compared, and why."
        yield StudyTable("left-out", "Not compared", told, ("case", "why"), rows)


def case_line(case: CaseAgreement) -> str:
    """A case in one line, e.g. `anna and ben: Dice 0.71, HD95 6.2 mm`."""
    worst = case.worst
    if worst.scores.failed:
        return f"{worst.first} and {worst.second}: one marked nothing"
    volumes = f"volumes {case.volumes_ml[worst.first]:.1f} and {case.volumes_ml[worst.second]:.1f} ml"
    scores = f"Dice {worst.scores.dice:.3f}, HD95 {worst.scores.hd95_mm:.1f} mm"
    return f"{worst.first} and {worst.second}: {scores}, {volumes}"
