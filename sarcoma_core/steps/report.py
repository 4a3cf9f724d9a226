"""`report`: one self-contained HTML page that says what became of every series of a session."""

from typing import Annotated, NamedTuple

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes

LABEL = "REPORT"
PAGE = "report.html"
READS = (
    *("PREDICTION", "REGISTERED", "NORMALISED", "N4", "SUV"),
    *("MASKS", "ROI_COLLECTIONS", "SEG", "SERIES_ROLES", "NIFTI"),
)


class ReportOutputs(NamedTuple):
    """What the step writes."""

    page: Annotated[
        Outcomes, Output(resource=LABEL, format="HTML", help="what became of every series", title="Report")
    ]


def report(
    session: Annotated[
        SessionFolder, Input(level="session", resource=READS, help="a session that was converted")
    ],
    out: OutputDir,
    *,
    slices: Annotated[int, Param(ge=1, le=9, help="slices shown of each volume")] = 3,
) -> ReportOutputs:
    """Say on one page what became of every series.

    The page says which scan is which and what a person has to look at. It holds what a model foretells of
    the patient with its spread and limits, or why it abstains, a table of all series with outcome and
    reason, slices and histograms before and after each step, every registered pair before and after, what
    networks drew with their doubts and uncertainty, masks by region and version with their volume, axes and
    outlines, the receipts, the methods sentences and the software. It is one HTML file that loads nothing
    else.
    Times, ids and image digests stand in `run.json`, so the same session gives the same bytes.
    """
    from sarcoma_core.report.page import render
    from sarcoma_core.report.session import read_session

    shown = read_session(session, slices=slices)
    path = out / LABEL / PAGE
    path.parent.mkdir(parents=True)
    path.write_text(render(shown), encoding="utf-8", newline="\n")
    return ReportOutputs(page=(Outcome("", "", "done", files=(path.name,), facts=shown.counts()),))


STEP = describe(
    report,
    image="core",
    title="Sarcoma: report",
    methods=(
        "Slices of every volume before and after each step, under a stated window, its intensity histogram "
        "inside the body, overlays of every registered pair, the uncertainty of automatic masks, and the "
        "outlines of masks with their volume and axes were laid out in a report for inspection."
    ),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
    revision=6,
)
