"""`train-prognosis`: networks that foretell death, metastasis, recurrence and grade, of a frozen cohort."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from sarcoma_core import __version__
from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes, Status
from sarcoma_core.steps.checkpoints import kept_checkpoints

if TYPE_CHECKING:
    import torch

    from sarcoma_core.models.card import CardOpening
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
_GOES_ON: Final = "launch it again with the same parameters, and it goes on"


class TrainPrognosisOutputs(NamedTuple):
    """What the step writes."""

    model: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="SAFETENSORS",
            help="networks of each fold and seed, with card, history, numbers and clinical baseline",
            title="Prognosis model",
        ),
    ]
    study: Annotated[
        Outcomes,
        Output(
            resource=STUDY_LABEL,
            format="CSV",
            help="the page, who was in which part, and what was foretold of whom; it stays at the site",
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
    open_test: Annotated[
        bool, Param(help="look at the test set: the card tells each time who did, and what was seen")
    ] = False,
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

    The test set is opened when it is asked for, by a training that ends or by one that was done before. Each
    opening stands on the card, over all launches: whoever looks a second time has chosen by the first.
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
        work = _ModelTraining(
            out, frozen, EarlierSet(earlier), checkpoints / LABEL, deadline, open_test=open_test
        )
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
    open_test: bool

    def train(
        self, patients: "NetworkPatients", order: "PrognosisOrder", images: "CohortImages | None"
    ) -> TrainPrognosisOutputs:
        """Train it, or go on with it; what was done before is read again.

        Raises:
            InputError: there are too few events, or no test set that could be opened.
            ServerError: the XNAT that launched this does not say for whom, who opens the test set.
        """
        import torch

        from sarcoma_core.prognosis.kept_training import kept_training
        from sarcoma_core.prognosis.network_plan import plan_prognosis
        from sarcoma_core.prognosis.network_training import train_prognosis as train_networks
        from sarcoma_core.training.outcomes.telling import told_on_screen
        from sarcoma_core.training.running import Deadline

        planned = plan_prognosis(patients, order)
        looks = self._looks(planned)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.earlier.asset and self.earlier.has_done("", planned.keys):
            found = kept_training(self.earlier.asset, planned)
        else:
            self.earlier.resume("", self.place)
            found = train_networks(
                planned, self.place, device=device, deadline=Deadline(self.deadline), told=told_on_screen
            )
        if not found.has_ended:
            return self._unfinished(found, looks)
        return self._ended(found, images.missing if images else {}, device, looks)

    def _looks(self, planned: "PlannedPrognosis") -> "_Looks":
        """Who has looked at the test set and who will, asked before the hours of a training."""
        from sarcoma_core.prognosis.opened_test import require_test_set
        from sarcoma_core.prognosis.openings import earlier_openings
        from sarcoma_core.steps.opener import name_of_launcher

        earlier = earlier_openings(self.earlier.asset)
        if not self.open_test:
            return _Looks(earlier)
        require_test_set(planned)
        return _Looks(earlier, name_of_launcher())

    def _unfinished(self, found: "PrognosisTraining", looks: "_Looks") -> TrainPrognosisOutputs:
        from sarcoma_core.prognosis.openings import OPENINGS_FILE, openings_document
        from sarcoma_core.training.checkpoint import network_folder, pack

        order = found.planned.order
        networks = [network_folder(self.place, number) for number in range(order.networks)]
        files = list(pack(networks, self.out / LABEL))
        if looks.earlier:
            (self.out / LABEL / OPENINGS_FILE).write_bytes(openings_document(looks.earlier))
            files.append(OPENINGS_FILE)
        last = found.standings[-1] if found.standings else None
        at = f"epoch {last.epoch if last else 0} of {order.settings.epochs}"
        network = f"network {max(1, len(found.standings))} of {order.networks}"
        reason = f"the time was over after {at} of {network}: {_GOES_ON}"
        nothing = Outcome("", "", "not applicable", "the training has not ended")
        return TrainPrognosisOutputs((Outcome("", "", "set apart", reason, files=tuple(files)),), (nothing,))

    def _ended(
        self,
        found: "PrognosisTraining",
        missing: Mapping[str, str],
        device: "torch.device",
        looks: "_Looks",
    ) -> TrainPrognosisOutputs:
        from sarcoma_core.models.folder import weights_hashes
        from sarcoma_core.prognosis import network_telling as telling
        from sarcoma_core.prognosis.network_judging import judge_endpoint
        from sarcoma_core.prognosis.network_study import StudySource
        from sarcoma_core.prognosis.network_study_files import write_network_study
        from sarcoma_core.prognosis.network_training import out_of_fold

        planned = found.planned
        told = list(out_of_fold(found, device))
        judged = [judge_endpoint(planned, told, name) for name in planned.order.timed]
        reason = self._model(found, judged, device)
        openings, lines = self._openings(found, device, looks)
        weights = weights_hashes(self.out / LABEL)
        source = StudySource(self.frozen, missing, weights, openings, METHODS)
        study = write_network_study(self.out / STUDY_LABEL, found, judged, source, label=LABEL)
        shutil.rmtree(self.place, ignore_errors=True)
        model = tuple(sorted(path.name for path in (self.out / LABEL).iterdir()))
        facts = telling.facts_of_training(planned, judged)
        main = Outcome("", "", "done", reason, files=model, facts=facts)
        left_out = _lines("not applicable", telling.lines_of_left_out(missing))
        first = Outcome("", "", "done", "the page, the parts, the numbers and the predictions", files=study)
        each = _lines("done", map(telling.line_of_endpoint, judged))
        return TrainPrognosisOutputs((main, *_lines("done", lines), *left_out), (first, *each))

    def _model(
        self, found: "PrognosisTraining", judged: "list[JudgedEndpoint]", device: "torch.device"
    ) -> str:
        """Write the model, or carry it as it is where this very training was done before; which, in words."""
        from sarcoma_core.prognosis.clinical_beside import BASELINES_FILE
        from sarcoma_core.prognosis.clinical_fitting import fit_baselines
        from sarcoma_core.prognosis.network_telling import line_of_training
        from sarcoma_core.prognosis.network_writing import (
            PrognosisWords,
            calibrated_bounds,
            write_prognosis_model,
        )

        folder, planned, zero = self.out / LABEL, found.planned, self.frozen.time_zero
        if self.earlier.has_done("", planned.keys):
            folder.mkdir(parents=True)
            if BASELINES_FILE not in self.earlier.carry("", folder):
                (folder / BASELINES_FILE).write_bytes(fit_baselines(planned, zero).document())
            return "this very training was done before"
        what = f"patients of the project {self.frozen.project} with drawn tumours and follow-up"
        bounds = calibrated_bounds(found, device)
        write_prognosis_model(folder, found, judged, bounds, PrognosisWords(LABEL, __version__, what, zero))
        return line_of_training(planned)

    def _openings(
        self, found: "PrognosisTraining", device: "torch.device", looks: "_Looks"
    ) -> "tuple[tuple[CardOpening, ...], tuple[str, ...]]":
        """All openings, put on the card, and a line on the one of now."""
        from sarcoma_core.models.folder import weights_hashes
        from sarcoma_core.prognosis.clinical_fitting import fit_baselines
        from sarcoma_core.prognosis.opened_test import open_test_set
        from sarcoma_core.prognosis.openings import new_opening, told_openings, write_openings

        folder, openings, who = self.out / LABEL, looks.earlier, looks.who
        if who:
            opened = open_test_set(found, fit_baselines(found.planned, self.frozen.time_zero), device)
            weights, now = weights_hashes(folder), datetime.now(UTC)
            openings += (new_opening(found.planned, opened, weights, who=who, when=now),)
        if openings:
            write_openings(folder, openings)
        return openings, told_openings(openings)[-1:] if who else ()


@dataclass(frozen=True)
class _Looks:
    """At the test set: those of earlier launches, and who looks now; empty where nobody does."""

    earlier: "tuple[CardOpening, ...]"
    who: str = ""


def _lines(status: Status, reasons: Iterable[str]) -> Outcomes:
    return tuple(Outcome("", "", status, reason) for reason in reasons)


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
