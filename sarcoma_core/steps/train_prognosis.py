"""`train-prognosis`: networks that foretell death, metastasis, recurrence and grade, of a frozen cohort."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from sarcoma_core import __version__
from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps.checkpoints import kept_checkpoints
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from sarcoma_core.prognosis.cohort_images import CohortImages
    from sarcoma_core.prognosis.frozen import FrozenCohort
    from sarcoma_core.prognosis.network_judging import JudgedEndpoint
    from sarcoma_core.prognosis.network_order import PrognosisOrder
    from sarcoma_core.prognosis.network_patients import NetworkPatients
    from sarcoma_core.prognosis.network_plan import PlannedPrognosis
    from sarcoma_core.prognosis.network_training import PrognosisTraining
    from sarcoma_core.training.earlier import EarlierSet

LABEL: Final = "MODEL_PROG_STS"
STUDY_LABEL: Final = "PROG_TRAINING"
READS: Final = ("REGISTERED", "NORMALISED", "MASKS")

EndpointChoices = tuple[Literal["os", "dm", "lr", "rfs", "grade"], ...]
Head = Literal["logistic-hazard", "cox", "deephit", "pc-hazard", "cox-time"]
Blend = Literal["online", "offline", "in-place", "equal", "joint-only"]
Modality = Literal["both", "image", "clinical"]
Size = Literal["121", "small", "tiny"]
Pair = Literal["T1CE_T2FS", "T1_T2"]
METHODS: Final = (
    "Networks of a 3D DenseNet for the images, cut to the drawn tumour, and of a clinical subnetwork were "
    "fused late and trained for all endpoints at once, their losses weighted by gradient blending. Patients "
    "were parted into a test set, a calibration set and folds; everything that is learned was learned on the "
    "folds that a network learns from, its epoch was chosen by another fold, and it was judged by a third."
)
_SECONDS: Final = 3600
_REASONS_TOLD: Final = 3
_GOES_ON: Final = "launch it again with the same parameters, and it goes on"


class TrainPrognosisOutputs(NamedTuple):
    """What the step writes."""

    model: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="SAFETENSORS",
            help="networks of each fold and seed, with card, history and out-of-fold numbers",
            title="Prognosis model",
        ),
    ]
    study: Annotated[
        Outcomes,
        Output(
            resource=STUDY_LABEL,
            format="CSV",
            help="who was in which part, and what was foretold of whom; it stays at the site",
            title="Prognosis training",
        ),
    ]


def train_prognosis(
    project: Annotated[
        ProjectFolder,
        Input(level="project", resource=READS, help="the project whose sessions the cohort names"),
    ],
    cohort: Annotated[
        AssetFolder, Asset(label="COHORT", help="a cohort that was frozen with a clinical table")
    ],
    earlier: Annotated[
        AssetFolder | None,
        Asset(label=LABEL, help="what an earlier training has left, to go on from there", optional=True),
    ],
    out: OutputDir,
    *,
    endpoints: Annotated[
        EndpointChoices,
        Param(help="what is foretold: death, metastasis, local recurrence, any of them, grade"),
    ] = ("os", "dm"),
    head: Annotated[Head, Param(help="of endpoints that come with time")] = "logistic-hazard",
    blending: Annotated[Blend, Param(help="how the losses of the heads are weighted")] = "online",
    modalities: Annotated[Modality, Param(help="what the networks are given")] = "both",
    sequences: Annotated[Pair, Param(help="of the image; one that is missing is a known case")] = "T1CE_T2FS",
    size: Annotated[Size, Param(help="of the networks: DenseNet-121 as published, or smaller")] = "121",
    edge: Annotated[
        int, Param(help="of the cube that the tumour is laid in", ge=8, le=256, unit="voxels")
    ] = 128,
    spacing: Annotated[
        float, Param(help="of its voxels; 0 where the largest tumour just fits", ge=0, le=20, unit="mm")
    ] = 0.0,
    seed: Annotated[int, Param(help="of parts, weights and views", ge=0, le=1_000_000)] = 0,
    folds: Annotated[int, Param(help="of those who are not set aside", ge=3, le=10)] = 5,
    seeds: Annotated[
        int, Param(help="networks of each fold; the spread is told, none is picked", ge=1, le=6)
    ] = 3,
    test: Annotated[int, Param(help="of the patients set aside for the test", ge=0, le=40, unit="%")] = 15,
    calibration: Annotated[
        int, Param(help="set aside for bounds of survival time", ge=0, le=40, unit="%")
    ] = 15,
    epochs: Annotated[int, Param(help="each shows every patient once", ge=1, le=2000)] = 60,
    batch: Annotated[
        int, Param(help="patients of a step, which is a risk set for Cox", ge=2, le=512, unit="patients")
    ] = 32,
    at_once: Annotated[int, Param(help="of these, in memory", ge=1, le=512, unit="patients")] = 8,
    learning_rate: Annotated[float, Param(help="the highest", ge=1e-5, le=1e-1)] = 1e-3,
    least_events: Annotated[
        int, Param(help="events that an endpoint must have", ge=5, le=1000, unit="events")
    ] = 20,
    max_hours: Annotated[
        float,
        Param(help="after which it ends with a checkpoint; XNAT's token lives 48", ge=0, le=1000, unit="h"),
    ] = 40.0,
) -> TrainPrognosisOutputs:
    """Train networks that foretell what becomes of a patient, from images and what is known before surgery.

    The patients of the cohort are parted: a test set that no training looks at, a calibration set on which
    bounds of survival time are fitted, and folds. Each network learns from all folds but two; one of these
    chooses its epoch and the weights of its heads, the other judges it. Several seeds are trained for each
    fold: together they are the model, and how far they lie apart is told. After the hours that are allowed it
    ends with a checkpoint, from which the next launch goes on.
    """
    from sarcoma_core.prognosis.frozen import read_frozen_cohort
    from sarcoma_core.prognosis.network_order import ENDPOINT_OF, SIZES, PrognosisOrder
    from sarcoma_core.prognosis.tumour_image import CubeRules
    from sarcoma_core.training.earlier import EarlierSet
    from sarcoma_core.training.outcomes.loop import OutcomeSettings

    frozen = read_frozen_cohort(cohort)
    order = PrognosisOrder(
        endpoints=tuple(ENDPOINT_OF[one] for one in endpoints),
        head=head,
        cohort=frozen.sha256,
        cube=CubeRules(tuple(sequences.split("_")), edge, spacing),
        size=SIZES[size],
        settings=OutcomeSettings(
            epochs=epochs, learning_rate=learning_rate, batch=batch, at_once=at_once, blending=blending
        ),
        modalities=modalities,
        seed=seed,
        folds=folds,
        seeds=seeds,
        test_percent=test,
        calibration_percent=calibration,
        least_events=least_events,
    )
    sessions = {name: session.path for name, session in project.sessions()}
    with kept_checkpoints(project.id) as checkpoints:
        deadline = monotonic() + _SECONDS * max_hours
        work = _ModelTraining(out, frozen, EarlierSet(earlier), checkpoints / LABEL, deadline)
        return work.train(*_patients(frozen, sessions, order))


def _patients(
    frozen: "FrozenCohort", sessions: Mapping[str, Path], order: "PrognosisOrder"
) -> "tuple[NetworkPatients, PrognosisOrder, CohortImages | None]":
    """Who can be learned from, on a cube whose spacing is planned where none was asked for.

    Raises:
        InputError: too few can.
    """
    from sarcoma_core.prognosis.cohort_images import cohort_extents, cohort_images
    from sarcoma_core.prognosis.network_patients import network_patients
    from sarcoma_core.prognosis.tumour_image import planned_spacing

    images, cube = None, order.cube
    if order.modalities == "clinical":
        order = replace(order, cube=replace(cube, spacing_mm=cube.spacing_mm or 1.0))
    else:
        if not cube.spacing_mm:
            extents = cohort_extents(frozen.members, sessions, cube.sequences)
            largest = extents or [(1.0, 1.0, 1.0)]  # `network_patients` tells that there is nobody
            cube = replace(
                cube, spacing_mm=planned_spacing(largest, edge=cube.edge, margin_mm=cube.margin_mm)
            )
        images = cohort_images(frozen.members, sessions, cube)
        order = replace(order, cube=cube)
    rows = [member.row for member in frozen.members]
    found = network_patients(
        rows, images.found if images else None, order.endpoints, least_events=order.least_events
    )
    return found, order, images


@dataclass(frozen=True)
class _ModelTraining:
    """The training of the model."""

    out: Path
    frozen: "FrozenCohort"
    earlier: "EarlierSet"
    place: Path
    deadline: float

    def train(
        self, patients: "NetworkPatients", order: "PrognosisOrder", images: "CohortImages | None"
    ) -> TrainPrognosisOutputs:
        """Train it, or go on with it.

        Raises:
            InputError: there are too few events.
        """
        import torch

        from sarcoma_core.prognosis.network_plan import plan_prognosis
        from sarcoma_core.prognosis.network_training import train_prognosis as train_networks
        from sarcoma_core.training.outcomes.telling import told_on_screen
        from sarcoma_core.training.running import Deadline

        planned = plan_prognosis(patients, order)
        left_out = _left_out(images)
        if self.earlier.has_done("", planned.keys):
            (self.out / LABEL).mkdir(parents=True)
            files = self.earlier.carry("", self.out / LABEL)
            done = Outcome("", "", "done", "this very training was done before", files=files)
            nothing = Outcome("", "", "not applicable", "nothing was trained in this run")
            return TrainPrognosisOutputs((done,), (nothing,))
        self.earlier.resume("", self.place)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        found = train_networks(
            planned, self.place, device=device, deadline=Deadline(self.deadline), told=told_on_screen
        )
        if not found.has_ended:
            return self._unfinished(found)
        return self._ended(found, left_out, device)

    def _unfinished(self, found: "PrognosisTraining") -> TrainPrognosisOutputs:
        from sarcoma_core.training.checkpoint import network_folder, pack

        order = found.planned.order
        networks = [network_folder(self.place, number) for number in range(order.networks)]
        files = pack(networks, self.out / LABEL)
        last = found.standings[-1] if found.standings else None
        at = f"epoch {last.epoch if last else 0} of {order.settings.epochs}"
        network = f"network {max(1, len(found.standings))} of {order.networks}"
        reason = f"the time was over after {at} of {network}: {_GOES_ON}"
        nothing = Outcome("", "", "not applicable", "the training has not ended")
        return TrainPrognosisOutputs((Outcome("", "", "set apart", reason, files=tuple(files)),), (nothing,))

    def _ended(self, found: "PrognosisTraining", left_out: Outcomes, device: object) -> TrainPrognosisOutputs:
        import torch

        from sarcoma_core.prognosis.network_judging import judge_endpoint
        from sarcoma_core.prognosis.network_training import out_of_fold
        from sarcoma_core.prognosis.network_writing import (
            PrognosisWords,
            calibrated_bounds,
            write_prognosis_model,
            write_prognosis_study,
        )

        place = torch.device(str(device))
        told = list(out_of_fold(found, place))
        judged = [judge_endpoint(found.planned, told, name) for name in found.planned.order.timed]
        bounds = calibrated_bounds(found, place)
        what = f"patients of the project {self.frozen.project} with drawn tumours and follow-up"
        words = PrognosisWords(LABEL, __version__, what, self.frozen.time_zero)
        model = write_prognosis_model(self.out / LABEL, found, judged, bounds, words)
        study = write_prognosis_study(self.out / STUDY_LABEL, found, judged)
        shutil.rmtree(self.place, ignore_errors=True)
        facts = _facts(found.planned, judged)
        lines = tuple(Outcome("", "", "done", _in_a_line(one)) for one in judged)
        return TrainPrognosisOutputs(
            (Outcome("", "", "done", _told(found.planned), files=model, facts=facts), *left_out),
            (Outcome("", "", "done", "the parts, the numbers and the predictions", files=study), *lines),
        )


def _left_out(images: "CohortImages | None") -> Outcomes:
    """Who has no image that can be used, by reason: they stop nobody else."""
    from collections import Counter

    missing = images.missing if images else {}
    reasons = Counter(missing.values()).most_common(_REASONS_TOLD)
    return tuple(
        Outcome("", "", "not applicable", f"{counted(number, 'patient')} left out: {reason}")
        for reason, number in reasons
    )


def _told(planned: "PlannedPrognosis") -> str:
    order, parts = planned.order, planned.parts
    return (
        f"{counted(order.networks, 'network')} of {counted(len(parts.development), 'patient')}; set aside: "
        f"{len(parts.test)} for the test, {len(parts.calibration)} for calibration"
    )


def _in_a_line(one: "JudgedEndpoint") -> str:
    from sarcoma_core.prognosis.clinical.endpoints import endpoint
    from sarcoma_core.report.measures import measure_text

    each = ", ".join(
        f"{name} {measure_text(found.harrell, 3)}" for name, found in one.judgement.models.items()
    )
    follow_up = one.patients.follow_up
    events = f"{counted(len(follow_up), 'patient')}, {counted(follow_up.events, 'event')}"
    return f"{endpoint(one.name).title}: {events}; Harrell's C out of fold: {each}"


def _facts(planned: "PlannedPrognosis", judged: "list[JudgedEndpoint]") -> dict[str, object]:
    return {
        "patients": len(planned.patients.patients),
        "endpoints": list(planned.order.endpoints),
        "splits_sha256": planned.parts.sha256,
        "harrell": {
            one.name: {
                name: None if found.harrell is None else round(found.harrell.value, 4)
                for name, found in one.judgement.models.items()
            }
            for one in judged
        },
        "seeds": {one.name: [round(value, 4) for value in one.seeds] for one in judged},
    }


STEP = describe(
    train_prognosis,
    image="train",
    title="Sarcoma: train prognosis",
    methods=METHODS,
    cites=(),
    # No more cores: an engine that has fewer refuses to start it.
    resources=Resources(reserve_memory=8192, limit_memory=32768, limit_cpu=2),
    gpu=True,
    goes_on=True,
)
