"""`evaluate-segmentation`: how well the automatic masks of a frozen cohort match what persons have locked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, Sends, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.segmentation.definitions import TOLERANCE_MM, Definition
from sarcoma_core.steps.launcher import fields_of
from sarcoma_core.text import counted
from sarcoma_core.xnat.fields.platform import SessionFields

if TYPE_CHECKING:
    from sarcoma_core.archive.frozen import FrozenSession, FrozenSessions
    from sarcoma_core.segmentation.evaluation.cases import RegionKey, Strata
    from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation
    from sarcoma_core.segmentation.evaluation.files import EvaluationHead
    from sarcoma_core.segmentation.evaluation.reading import CaseRules, SessionCases

LABEL = "EVALUATION"
READS = ("SEG", "MASKS", "NIFTI")
PAGE_FILE = "evaluation.html"
_DRAWN = 6
"""So many of the worst cases have pictures."""

Which = Literal["both", "tumour", "oedema"]


class EvaluateSegmentationOutputs(NamedTuple):
    """What the step writes."""

    evaluation: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="HTML",
            help="how well models segment: a page, the numbers, the table, and every case",
            title="Segmentation study",
        ),
    ]


def evaluate_segmentation(
    project: Annotated[
        ProjectFolder,
        Input(level="project", resource=READS, help="the project whose sessions the cohort names"),
    ],
    cohort: Annotated[AssetFolder, Asset(label="COHORT", help="a cohort with locked reference masks")],
    earlier: Annotated[
        AssetFolder | None,
        Asset(
            label=LABEL, help="an earlier evaluation, with the cases of models that ran before", optional=True
        ),
    ],
    fields: Annotated[
        SessionFields,
        Sends(kind="fields", to=fields_of, help="the numbers of each session, as its custom fields"),
    ],
    out: OutputDir,
    *,
    region: Annotated[Which, Param(help="regions that are compared")] = "both",
    definition: Annotated[Definition, Param(help="of HD95 and of surfaces")] = "directed",
    tolerance: Annotated[float, Param(help="of the surface Dice", ge=0.0, le=20.0, unit="mm")] = TOLERANCE_MM,
    bootstrap: Annotated[int, Param(help="samples of patients for limits", ge=1000, le=20_000)] = 1000,
    carry: Annotated[
        bool, Param(help="whether cases of models that ran before are carried forward from EVALUATION")
    ] = True,
    send_fields: Annotated[
        bool, Param(help="whether the numbers of each session become custom fields that XNAT can search")
    ] = True,
) -> EvaluateSegmentationOutputs:
    """Compare the automatic masks of SEG with locked masks of MASKS, and sum up what came of it.

    Each model is told by the name that its masks carry. Dice, F2, ASSD, HD95 and volume are summed up over
    patients by model, sequence and plane, with limits of the bootstrap; parts of the patients by anatomical
    site, histology, centre and scanner, none so small that it tells of single ones; models are compared on
    the patients that both have. A case that failed counts, and what could not be compared is told by its
    kind.

    A session keeps the masks of its last model alone. So where two models run one after the other, evaluate
    after each: cases of the first are carried forward, as long as cohort and references are the same files.
    """
    from sarcoma_core.archive.frozen import read_frozen_sessions
    from sarcoma_core.segmentation.evaluation.cases import REGIONS
    from sarcoma_core.segmentation.evaluation.earlier import EarlierCases, read_earlier
    from sarcoma_core.segmentation.evaluation.evaluation import evaluate
    from sarcoma_core.segmentation.evaluation.files import EvaluationHead
    from sarcoma_core.segmentation.evaluation.gathering import gather
    from sarcoma_core.segmentation.evaluation.medians import Sampling
    from sarcoma_core.segmentation.evaluation.reading import CaseRules

    frozen = read_frozen_sessions(cohort)
    regions = REGIONS if region == "both" else (region,)
    rules = CaseRules(regions, definition, tolerance)
    before = read_earlier(earlier, frozen.sha256, rules) if earlier and carry else EarlierCases()
    judged = tuple(_judged(frozen, project, rules))
    gathered = gather(judged, before.cases)
    sampling = Sampling(bootstrap, int(frozen.sha256[:8], 16))
    found = evaluate(gathered.scored, gathered.lacking, sampling)
    if not found.cases:
        raise _nothing(found)
    dropped = {**gathered.dropped, **({before.reason: before.number} if before.reason else {})}
    head = EvaluationHead(frozen.project, frozen.sha256, len(frozen.sessions), rules, sampling, dropped)
    written = _write(out / LABEL, found, head, project)
    sent = _sent(fields, judged, regions) if send_fields else ()
    return EvaluateSegmentationOutputs(
        evaluation=(written, *_in_lines(found), *_each_session(judged, found), *sent)
    )


def _judged(
    frozen: "FrozenSessions", project: ProjectFolder, rules: "CaseRules"
) -> "Iterator[tuple[FrozenSession, SessionCases]]":
    """What each session of the cohort gives."""
    from sarcoma_core.segmentation.evaluation.reading import session_cases

    folders = dict(project.sessions())
    for session, row in zip(frozen.sessions, frozen.clinical, strict=True):
        yield session, session_cases(session, folders.get(session.session), rules, _strata(row))


def _strata(row: Mapping[str, Any]) -> "Strata":
    """What the clinical table says of the patient, where the cohort was frozen with one.

    Raises:
        InputError: it is no row of the table.
    """
    from sarcoma_core.prognosis.clinical.table import row_of

    if not row:
        return {}
    told = row_of(row)
    levels: Strata = {
        "site": str(told.values.get("location", "")),
        "histology": str(told.values.get("diagnosis", "")),
        "centre": told.centre,
    }
    return {name: level for name, level in levels.items() if level}


def _nothing(found: "SegmentationEvaluation") -> InputError:
    kinds = Counter(one.kind for one in found.lacking)
    told = "; ".join(f"{kind}: {number}" for kind, number in sorted(kinds.items())) or "no mask is locked"
    return InputError(
        "--cohort: must have a session with a locked reference and an automatic mask on one series; found "
        f"none ({told}).",
        hint="Lock what persons have drawn (sarcoma run masks --set import-masks.lock=newest, or sarcoma "
        "readers lock), freeze the cohort again, and run the step segment on its sessions.",
    )


def _write(
    folder: Path, found: "SegmentationEvaluation", head: "EvaluationHead", project: ProjectFolder
) -> Outcome:
    """The files, and what is told of the whole."""
    from sarcoma_core.segmentation.evaluation.files import (
        CASES_FILE,
        EVALUATION_FILE,
        SUMMARY_FILE,
        cases_bytes,
        evaluation_bytes,
        summary_bytes,
    )

    cautions = tuple(_cautions(found, head))
    files = {
        EVALUATION_FILE: evaluation_bytes(found, head),
        CASES_FILE: cases_bytes(found),
        SUMMARY_FILE: summary_bytes(found),
        PAGE_FILE: _page(found, head, project, cautions).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    facts = {
        "models": list(found.models),
        "patients": found.patients,
        "cases": len(found.cases),
        "failed": sum(one.scores.failed for one in found.cases),
        "cautions": list(cautions),
    }
    what = "the page, the numbers, the table and every case"
    return Outcome("", "", "done", what, files=tuple(sorted(files)), facts=facts)


def _page(
    found: "SegmentationEvaluation",
    head: "EvaluationHead",
    project: ProjectFolder,
    cautions: tuple[str, ...],
) -> str:
    from sarcoma_core.report.facts import Fact
    from sarcoma_core.report.segmentation_cases import worst_cases
    from sarcoma_core.report.segmentation_study import SegmentationStudyFacts, render_segmentation_study

    folders = {name: session.path for name, session in project.sessions()}
    facts = SegmentationStudyFacts(
        found,
        head.sessions,
        head.rules.definition,
        head.sampling.samples,
        worst_cases(found, folders, _DRAWN),
        cautions,
        (Fact("Cohort", head.cohort_sha256),),
    )
    return render_segmentation_study(head.project, facts)


def _cautions(found: "SegmentationEvaluation", head: "EvaluationHead") -> Iterator[str]:
    """What a reader of the table has to know."""
    carried = [one for one in found.cases if one.earlier]
    if carried:
        models = ", ".join(sorted({one.group.model for one in carried}))
        yield (
            f"{counted(len(carried), 'case')} of {models} were judged by an earlier evaluation, on the same "
            "references; they are carried forward."
        )
    for reason, number in head.dropped.items():
        yield f"{counted(number, 'case')} of an earlier evaluation do not count any more: {reason}."
    for region in found.regions:
        patients = {
            frozenset(one.subject for one in found.cases if one.group == line.group)
            for line in found.table
            if line.group.region == region
        }
        if len(patients) > 1:
            yield (
                f"Lines of the table of the {region} are of different patients: compare models where they "
                "stand against one another, on the patients that both have."
            )


def _in_lines(found: "SegmentationEvaluation") -> Iterator[Outcome]:
    """What came of each line of the table, to be read where no page is."""
    for line in found.table:
        group, dice, hd95 = line.group, line.all["dice"], line.all["hd95_mm"]
        told = f"{group.region}, {group.model}, {group.plane} {group.sequence}: {counted(line.n, 'patient')}"
        numbers = f"median Dice {dice.median:.3f}, HD95 {hd95.median:.1f} mm"
        yield Outcome("", "", "done", f"{told}, {line.n_failed} failed; {numbers}")


def _each_session(
    judged: "tuple[tuple[FrozenSession, SessionCases], ...]", found: "SegmentationEvaluation"
) -> Iterator[Outcome]:
    """How many cases each session of the cohort gave, and what it lacks."""
    lacking: dict[str, list[str]] = {}
    for one in found.lacking:
        told = f"{one.region}: {one.kind}{f' ({one.model})' if one.model else ''}"
        lacking.setdefault(one.session, []).append(f"{told}{f', {one.why}' if one.why else ''}")
    number = {one.session: 0 for one, _ in judged}
    for case in found.cases:
        number[case.session] = number.get(case.session, 0) + 1
    for session, _ in judged:
        reasons = "; ".join(lacking.get(session.session, ()))
        count = number[session.session]
        compared = f"{counted(count, 'case')} compared" if count else "nothing compared"
        yield Outcome(
            "",
            "",
            "done" if count else "set apart",
            f"{compared}; {reasons}" if reasons else compared,
            subject=session.subject,
            session=session.session,
        )


def _sent(
    fields: SessionFields,
    judged: "tuple[tuple[FrozenSession, SessionCases], ...]",
    regions: "tuple[RegionKey, ...]",
) -> Outcomes:
    """Put the numbers of each session into its custom fields, and tell what became of it."""
    from sarcoma_core.segmentation.evaluation.session_numbers import PREFIX, session_numbers

    values = {
        one.session: session_numbers(cases.main, regions) if cases.main else {} for one, cases in judged
    }
    told = fields.put(values, prefix=PREFIX)
    if told.nowhere:
        return (Outcome("", "", "not applicable", f"custom fields: not sent, as {told.nowhere}"),)
    number = sum(bool(values[session]) for session in told.kept)
    kept = Outcome("", "", "done", f"custom fields {PREFIX}* of {counted(number, 'session')}")
    failed = tuple(
        Outcome("", "", "refused", f"custom fields: {reason}", session=session)
        for session, reason in told.failed.items()
    )
    return (kept, *failed) if number or not failed else failed


STEP = describe(
    evaluate_segmentation,
    image="edge",
    title="Sarcoma: evaluate segmentation",
    methods=(
        "Automatic masks were compared with locked reference masks by Dice, F2, average symmetric surface "
        "distance, 95th percentile of surface distances and volume, summed up over patients as median and "
        "interquartile range with percentile limits of the bootstrap; masks that were empty on one side "
        "counted as 0 and the diagonal of the image. Models were compared on the patients that both had "
        "(Wilcoxon's signed-rank test), and parts of the patients by Kruskal-Wallis tests, with Holm's "
        "adjustment in each family; parts of fewer than five patients were neither shown nor tested."
    ),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
)
