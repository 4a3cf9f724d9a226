"""`sarcoma readers agree`: how well the readers agree, in tables, as JSON, and as a page."""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from sarcoma_core.cli.readers_place import find_place
from sarcoma_core.cli.readers_shown import assignments_of, command, show_rows
from sarcoma_core.cli.xnat_arguments import note
from sarcoma_core.errors import UsageError
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from sarcoma_core.cli.readers_place import ReadersPlace
    from sarcoma_core.launch.readers.agreeing import ProjectAgreement


class CaseRow(NamedTuple):
    """A case, by the two readers who agree least.

    Attributes:
        case: label of the session.
        scan: the series.
        readers: how many have read it.
        apart: the two who agree least.
        dice: of these two; so are the other three.
        hd95_mm: 95th percentile of the distances of surfaces.
        assd_mm: average distance of surfaces.
        volume_ml: mean over all readers.
        spread_ml: the largest volume minus the smallest.
        failed: whether one marked nothing where another did.
    """

    case: str
    scan: str
    readers: int
    apart: str
    dice: str
    hd95_mm: str
    assd_mm: str
    volume_ml: str
    spread_ml: str
    failed: str


class PairRow(NamedTuple):
    """Two readers over all cases.

    Attributes:
        pair: ids of both.
        n: number of cases.
        failed: of these, where one marked nothing and the other did.
        dice: mean, the failed ones with 0.
        hd95_mm: mean without the failed ones.
        assd_mm: likewise.
        bias_ml: volumes of the first minus those of the second, mean.
        limits_ml: limits of agreement; `too few cases` below three.
    """

    pair: str
    n: int
    failed: int
    dice: str
    hd95_mm: str
    assd_mm: str
    bias_ml: str
    limits_ml: str


class BiasRow(NamedTuple):
    """A reader against the others.

    Attributes:
        reader: id.
        n: number of cases.
        bias_ml: volume minus the mean of the others', mean.
        bias_percent: the same in % of the others' mean.
        consensus: number of cases with a consensus.
        sensitivity: against it, mean.
        specificity: against it, mean.
    """

    reader: str
    n: int
    bias_ml: str
    bias_percent: str
    consensus: int
    sensitivity: str
    specificity: str


def agree(arguments: argparse.Namespace) -> int:
    """Compare the readers of all cases.

    Raises:
        SarcomaError: nothing is assigned, the region is no key, or the page cannot be written.
    """
    from sarcoma_core.launch.readers.agreeing import project_agreement
    from sarcoma_core.launch.readers.handing_out import check_roi
    from sarcoma_core.launch.readers.standing import readings_of

    if arguments.worst < 0:
        raise UsageError(f"--worst: must be 0 or more; found {arguments.worst}.")
    if arguments.roi:
        check_roi(arguments.roi)
    with find_place(arguments) as place:
        assignments = assignments_of(place)
        roi = arguments.roi or assignments.roi
        readings = (
            readings_of(one.case, one.readers, assignments, place.masks, roi=roi) for one in assignments.cases
        )
        found = project_agreement(readings, assignments.ids, roi)
        if arguments.output == "json" and not arguments.quiet:
            print(json.dumps(_document(found), indent=1))
        else:
            _show(arguments, found)
        if arguments.page:
            _write_page(arguments, place, found)
        if found.cases:
            note(arguments, f"next: {command(place, 'next')}")
    return 0


def _show(arguments: argparse.Namespace, found: "ProjectAgreement") -> None:
    """The cases; and, for people, who agrees with whom and who draws larger."""
    rows = tuple(_case_rows(found))
    show_rows(arguments, "Cases, the worst first", CaseRow._fields, rows, ids="case")
    if arguments.quiet or arguments.output != "table":
        return
    show_rows(arguments, "Pairs", PairRow._fields, tuple(_pair_rows(found)), ids="pair")
    show_rows(arguments, "Readers", BiasRow._fields, tuple(_bias_rows(found)), ids="reader")
    for one in found.left_out:
        note(arguments, printable(f"{one.case}: not compared: {one.why}"))
    failed = sum(case.failed for case in found.cases)
    told = f"{counted(len(found.cases), 'case')} compared, {failed} failed (one reader marked nothing)"
    note(arguments, f"{told}, {counted(len(found.missing), 'reading')} missing")


def _case_rows(found: "ProjectAgreement") -> Iterator[CaseRow]:
    for case in found.worst_first:
        worst, volumes = case.worst, case.volumes_ml.values()
        yield CaseRow(
            case.target.case,
            case.target.series,
            len(volumes),
            f"{worst.first}, {worst.second}",
            f"{worst.scores.dice:.3f}",
            f"{worst.scores.hd95_mm:.2f}",
            f"{worst.scores.assd_mm:.2f}",
            f"{sum(volumes) / len(volumes):.2f}",
            f"{case.spread_ml:.2f}",
            "failed" if case.failed else "",
        )


def _pair_rows(found: "ProjectAgreement") -> Iterator[PairRow]:
    for pair in found.pairs:
        volumes = pair.volumes
        limits = "too few cases" if volumes.sd is None else f"{volumes.low:+.2f} to {volumes.high:+.2f}"
        yield PairRow(
            f"{pair.first}, {pair.second}",
            pair.n,
            pair.n_failed,
            f"{pair.dice:.3f}",
            "" if pair.hd95_mm is None else f"{pair.hd95_mm:.2f}",
            "" if pair.assd_mm is None else f"{pair.assd_mm:.2f}",
            f"{volumes.bias:+.2f}",
            limits,
        )


def _bias_rows(found: "ProjectAgreement") -> Iterator[BiasRow]:
    performance = {one.reader: one for one in found.performance}
    for bias in found.biases:
        against = performance.get(bias.reader)
        yield BiasRow(
            bias.reader,
            bias.n,
            f"{bias.bias_ml:+.2f}",
            "" if bias.bias_percent is None else f"{bias.bias_percent:+.1f}",
            against.n if against else 0,
            f"{against.sensitivity:.3f}" if against else "",
            f"{against.specificity:.4f}" if against else "",
        )


def _document(found: "ProjectAgreement") -> Mapping[str, Any]:
    """All that there is, for a program."""
    return {
        "roi": found.roi,
        "readers": found.readers,
        "cases": [
            {
                **asdict(case.target),
                "handles": case.handles,
                "volumes_ml": case.volumes_ml,
                "pairs": [asdict(pair) for pair in case.pairs],
                "failed": case.failed,
                "consensus": {
                    "prior": case.prior,
                    "performance": [one._asdict() for one in case.performance],
                },
            }
            for case in found.cases
        ],
        "pairs": [asdict(pair) for pair in found.pairs],
        "biases": [asdict(bias) for bias in found.biases],
        "performance": [one._asdict() for one in found.performance],
        "missing": [{"case": case, "reader": reader} for case, reader in found.missing],
        "left_out": [one._asdict() for one in found.left_out],
    }


def _write_page(arguments: argparse.Namespace, place: "ReadersPlace", found: "ProjectAgreement") -> None:
    """Write the page, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    from sarcoma_core.errors import OutputError
    from sarcoma_core.launch.readers.agreement_page import agreement_page

    text = agreement_page(found, place.masks, place.image, title=arguments.project, worst=arguments.worst)
    partial = arguments.page.with_name(f".{arguments.page.name}.partial")
    try:
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(arguments.page)
    except OSError as error:
        raise OutputError(
            f"--page: must be a file that can be written; found: {error.strerror}.",
            hint="Name another folder, or make room.",
        ) from None
    note(arguments, f"page: {arguments.page}")
