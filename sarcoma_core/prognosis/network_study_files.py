"""The files of a training that stay at the site: numbers, parts, who was learned from, page, checklists."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sarcoma_core import __version__
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.network_judging import JudgedEndpoint
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, design_rules
from sarcoma_core.prognosis.network_study import StudySource, network_study, reasons_of
from sarcoma_core.prognosis.network_training import PrognosisTraining
from sarcoma_core.prognosis.network_writing import LIMITS, write_prognosis_study
from sarcoma_core.prognosis.openings import told_openings
from sarcoma_core.prognosis.reporting import REPORTING_JSON, REPORTING_TEXT, reporting_json, reporting_text
from sarcoma_core.prognosis.reporting_answers import ReportedEndpoint, ReportedTraining
from sarcoma_core.prognosis.training_manifest import MANIFEST_FILE, training_manifest
from sarcoma_core.report.measures import fixed, listed, measure_text
from sarcoma_core.report.network_study import render_network_study
from sarcoma_core.text import counted

PAGE: Final = "study.html"


def write_network_study(
    folder: Path,
    training: PrognosisTraining,
    judged: Sequence[JudgedEndpoint],
    source: StudySource,
    *,
    label: str,
) -> tuple[str, ...]:
    """Write all that stays at the site.

    Args:
        folder: made if need be.
        training: that has ended.
        judged: each timed endpoint.
        source: what else there is to tell.
        label: of the model's resource.

    Returns:
        The files, as paths below the folder.

    Raises:
        OSError: the disk is full or read-only.
    """
    write_prognosis_study(folder, training, judged)
    planned, members = training.planned, source.cohort.members
    page = render_network_study(
        f"{label}, project {source.cohort.project}", network_study(training, judged, source)
    )
    (folder / PAGE).write_text(page, encoding="utf-8")
    (folder / MANIFEST_FILE).write_bytes(training_manifest(planned, members))
    run = reported_training(planned, judged, source)
    (folder / REPORTING_TEXT).write_bytes(reporting_text(run))
    (folder / REPORTING_JSON).write_bytes(reporting_json(run))
    return tuple(sorted(path.name for path in folder.iterdir()))


def reported_training(
    planned: PlannedPrognosis, judged: Sequence[JudgedEndpoint], source: StudySource
) -> ReportedTraining:
    """What a run knows of a training, for checklists.

    Args:
        planned: how it was planned.
        judged: each timed endpoint.
        source: what else there is to tell.
    """
    order, parts = planned.order, planned.parts
    cube, settings = order.cube, order.settings
    has_images = order.modalities != "clinical"
    image = f"{', '.join(cube.sequences)} in a cube of {cube.edge} voxels of {cube.spacing_mm:.3g} mm"
    return ReportedTraining(
        project=source.cohort.project,
        time_zero=source.cohort.time_zero,
        prediction_time=order.when,
        members=len(source.cohort.members),
        patients=len(planned.patients.patients),
        left_out=reasons_of(source.missing),
        endpoints=tuple(_endpoint(one) for one in judged),
        graded=GRADE in order.endpoints,
        development=len(parts.development),
        calibration=len(parts.calibration),
        test=len(parts.test),
        folds=order.folds,
        seeds=order.seeds,
        variables=design_rules(order).variables,
        columns=planned.columns,
        images=image if has_images else "",
        layers=", ".join(map(str, order.size.blocks)) if has_images else "",
        head=order.head,
        blending=settings.blending,
        training=", ".join(_training(planned)),
        splits_sha256=parts.sha256,
        cohort_sha256=source.cohort.sha256,
        openings=tuple(_openings(source)),
        limits=LIMITS,
        version=__version__,
    )


def _endpoint(one: JudgedEndpoint) -> ReportedEndpoint:
    wanted, follow_up = endpoint(one.name), one.patients.follow_up
    return ReportedEndpoint(
        title=wanted.title,
        patients=len(follow_up),
        events=follow_up.events,
        death_competes=wanted.competes_with_death,
        performance={name: measure_text(found.harrell, 3) for name, found in one.judgement.models.items()},
        seeds=listed([fixed(value, 3) for value in one.seeds]) if len(one.seeds) > 1 else "",
    )


def _training(planned: PlannedPrognosis) -> Iterator[str]:
    settings = planned.order.settings
    yield f"{counted(settings.epochs, 'epoch')} at most"
    yield f"{counted(settings.batch, 'patient')} in a step"
    yield f"learning rate {settings.learning_rate:g} at most"
    if planned.order.modalities != "clinical":
        yield "views mirrored, turned, shifted and noisier"


def _openings(source: StudySource) -> Iterator[str]:
    pairs = zip(source.openings, told_openings(source.openings), strict=True)
    yield from (f"{one.when}, by {one.who}: {told}" for one, told in pairs)
