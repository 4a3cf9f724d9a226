"""`train-segmentation`: the models that draw tumours, trained on a frozen cohort with locked masks."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

from sarcoma_core import __version__
from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps.checkpoints import kept_checkpoints
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from sarcoma_core.archive.frozen import FrozenSessions
    from sarcoma_core.training.earlier import EarlierSet
    from sarcoma_core.training.running import Deadline
    from sarcoma_core.training.segmentation.member import MemberOrder, MemberTraining, PlannedMember

LABEL: Final = "MODEL_SEG_STS"
STUDY_LABEL: Final = "SEG_TRAINING"
READS = ("REGISTERED", "NORMALISED", "MASKS")

Members = Literal["all", "T1CE", "T2FS", "T1CE_T2FS", "T1", "T2"]
_ALL: Final = (("T1CE",), ("T2FS",), ("T1CE", "T2FS"))
_REASONS_TOLD = 3
METHODS: Final = (
    "3D residual U-Nets were trained with soft Dice and cross-entropy on soft masks, on a grid planned from "
    "the cohort, with patients dealt to folds; epochs were chosen by Dice on the native grid of the fold "
    "that was left out, and results were told out of fold."
)
_SECONDS = 3600
_GOES_ON = "launch it again with the same parameters, and it goes on"


class TrainSegmentationOutputs(NamedTuple):
    """What the step writes."""

    models: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="SAFETENSORS",
            help="a model for each sequence and combination, with card, history and out-of-fold numbers",
            title="Segmentation models",
        ),
    ]
    study: Annotated[
        Outcomes,
        Output(
            resource=STUDY_LABEL,
            format="HTML",
            help="how they were trained and how well they do, out of fold: a page, and files for the site",
            title="Segmentation training",
        ),
    ]


def train_segmentation(
    project: Annotated[
        ProjectFolder,
        Input(level="project", resource=READS, help="the project whose sessions the cohort names"),
    ],
    cohort: Annotated[AssetFolder, Asset(label="COHORT", help="a cohort with locked masks of the tumour")],
    earlier: Annotated[
        AssetFolder | None,
        Asset(label=LABEL, help="what an earlier training has left, to go on from there", optional=True),
    ],
    out: OutputDir,
    *,
    members: Annotated[
        Members, Param(help="which models are trained; all: T1CE, T2FS, and both together")
    ] = "all",
    oedema: Annotated[bool, Param(help="whether oedema is learned as well, where it was drawn")] = True,
    seed: Annotated[int, Param(help="of folds, weights and views", ge=0, le=1_000_000)] = 0,
    folds: Annotated[int, Param(help="parts of the cohort, by patients", ge=2, le=10)] = 5,
    networks: Annotated[
        int, Param(help="of each model: one for each fold in turn, together an ensemble", ge=1, le=20)
    ] = 5,
    epochs: Annotated[int, Param(help="each shows every patient once", ge=1, le=5000)] = 300,
    patch: Annotated[int, Param(help="most voxels along an axis", ge=16, le=256, unit="voxels")] = 128,
    spacing: Annotated[
        float, Param(help="of the grid in the plane; 0 for the cohort's own", ge=0, le=20, unit="mm")
    ] = 0.0,
    width: Annotated[int, Param(help="channels of the finest level", ge=4, le=64)] = 32,
    batch: Annotated[int, Param(help="patients at once", ge=1, le=16)] = 2,
    learning_rate: Annotated[float, Param(help="of the first epoch", ge=1e-5, le=1e-1)] = 1e-3,
    deep_loss: Annotated[
        bool, Param(help="whether coarser levels have a loss of their own (deep supervision)")
    ] = True,
    max_hours: Annotated[
        float,
        Param(help="after which it ends with a checkpoint; XNAT's token lives 48", ge=0, le=1000, unit="h"),
    ] = 40.0,
) -> TrainSegmentationOutputs:
    """Train the models that draw tumours: one for each sequence, and one for both together.

    Every case is read once before the first epoch, and one that cannot be used is told and stops no other.
    Grid, patch and levels are planned from the cohort: where slices are thick, the grid is as anisotropic as
    they are. Patients are dealt to folds; each network is judged, on the native grid, by the fold that it has
    not seen. Only locked masks are learned from. Training ends early where the fold that judges has long seen
    nothing better, and after the hours that are allowed it ends with a checkpoint, from which the next launch
    goes on: the weights are those of a training that was not interrupted.
    """
    from sarcoma_core.archive.frozen import read_frozen_sessions
    from sarcoma_core.training.earlier import EarlierSet
    from sarcoma_core.training.running import Deadline
    from sarcoma_core.training.segmentation.member import MemberOrder
    from sarcoma_core.training.segmentation.plan import PlanSettings

    order = MemberOrder(
        sequences=(),
        regions=("tumour", "oedema") if oedema else ("tumour",),
        cohort=cohort.sha256,
        seed=seed,
        folds=folds,
        networks=networks,
        settings=PlanSettings(patch, spacing, width, epochs, learning_rate, batch),
        deep_supervision=deep_loss,
    )
    frozen = read_frozen_sessions(cohort)
    sessions = {name: session.path for name, session in project.sessions()}
    for label in (LABEL, STUDY_LABEL):
        (out / label).mkdir(parents=True)
    wanted = _ALL if members == "all" else (tuple(members.split("_")),)
    with kept_checkpoints(project.id) as checkpoints:
        deadline = Deadline(monotonic() + _SECONDS * max_hours)
        work = _SetTraining(out, frozen, sessions, EarlierSet(earlier), checkpoints, deadline)
        told = [work.member(replace(order, sequences=sequences)) for sequences in wanted]
    kept = work.keep_others({"_".join(sequences) for sequences in wanted})
    return TrainSegmentationOutputs((*told, *kept), work.study())


@dataclass(frozen=True)
class _SetTraining:
    """A training of one member after the other."""

    out: Path
    frozen: "FrozenSessions"
    sessions: Mapping[str, Path]
    earlier: "EarlierSet"
    checkpoints: Path
    deadline: "Deadline"
    trained: "dict[str, MemberTraining]" = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def member(self, order: "MemberOrder") -> Outcome:
        """Train a member, or go on with it; one that cannot be trained stops no other."""
        from sarcoma_core.training.segmentation.member import plan_member
        from sarcoma_core.training.segmentation.project import project_cases

        name = "_".join(order.sequences)
        try:
            cases = project_cases(self.frozen, self.sessions, order.sequences, order.regions)
            planned = plan_member(cases, order)
            if self.earlier.has_done(name, planned.keys):
                files = self.earlier.carry(name, self.out / LABEL)
                return Outcome("", "", "done", f"{name}: this very training was done before", files=files)
            place = self.checkpoints / name
            self.earlier.resume(name, place)
            return self._trained(name, planned, place)
        except InputError as error:
            self.refused[name] = error.message
            return Outcome("", "", "refused", f"{name}: {error.message}")

    def _trained(self, name: str, planned: "PlannedMember", place: Path) -> Outcome:
        import torch

        from sarcoma_core.training.segmentation.member import member_weights, train_member
        from sarcoma_core.training.segmentation.telling import told_on_screen
        from sarcoma_core.training.segmentation.writing import CardWords, write_model, write_study

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        found = train_member(planned, place, device=device, deadline=self.deadline, told=told_on_screen(name))
        self.trained[name] = found
        if not found.has_ended:
            return self._unfinished(name, found, place)
        what = f"patients of the project {self.frozen.project} with locked masks"
        weights = member_weights(found, place, half=False)
        files = write_model(self.out / LABEL / name, found, weights, CardWords(LABEL, __version__, what))
        write_study(self.out / STUDY_LABEL / name, found)
        shutil.rmtree(place, ignore_errors=True)
        told, facts = _told(found)
        return Outcome(
            "", "", "done", f"{name}: {told}", files=tuple(f"{name}/{f}" for f in files), facts=facts
        )

    def _unfinished(self, name: str, found: "MemberTraining", place: Path) -> Outcome:
        from sarcoma_core.training.checkpoint import network_folder, pack

        order, plan = found.planned.order, found.planned.plan
        networks = [network_folder(place, number) for number in range(order.networks)]
        files = pack(networks, self.out / LABEL / name)
        last = found.standings[-1] if found.standings else None
        at = f"epoch {last.epoch if last else 0} of {plan.epochs}"
        network = f"network {max(1, len(found.standings))} of {order.networks}"
        reason = f"{name}: the time was over after {at} of {network}: {_GOES_ON}"
        return Outcome("", "", "set apart", reason, files=tuple(f"{name}/{file}" for file in files))

    def study(self) -> Outcomes:
        """What stays at the site; nothing where no member was trained in this run."""
        from sarcoma_core.steps.training_page import PAGE, training_page

        if not (self.trained or self.refused):
            return (Outcome("", "", "not applicable", "no model was trained in this run"),)
        root = self.out / STUDY_LABEL
        page = training_page(
            f"segmentation models of {self.frozen.project}",
            self.trained,
            self.refused,
            methods=METHODS,
            again=f"sarcoma run {STEP.name} --archive DIR --project {self.frozen.project}",
        )
        (root / PAGE).write_text(page, encoding="utf-8")
        files = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()))
        told = f"{', '.join(self.trained) or 'none'}: trained in this run"
        return (Outcome("", "", "done", told, files=files),)

    def keep_others(self, wanted: Collection[str]) -> Outcomes:
        """Carry on what an earlier training has left of members that were not asked for now."""
        return tuple(
            Outcome(
                "",
                "",
                "done",
                f"{name}: kept as an earlier training has left it",
                files=self.earlier.carry(name, self.out / LABEL),
            )
            for name in self.earlier.members
            if name not in wanted
        )


def _told(found: "MemberTraining") -> tuple[str, dict[str, Any]]:
    """How well a member was trained, in words and as facts."""
    import numpy as np

    planned, cohort = found.planned, found.planned.cohort
    region = planned.plan.regions[0]
    scores = [one.scores[region].dice for one in found.judged if region in one.scores]
    dice = float(np.median(scores)) if scores else None
    facts: dict[str, Any] = {
        "patients": cohort.patients,
        "sessions": len(cohort.sources),
        "refused": len(cohort.refused),
        "plan": list(planned.plan.why),
        "epochs": [one.epoch for one in found.standings],
        "median_dice_out_of_fold": None if dice is None else round(dice, 4),
        "warnings": list(dict.fromkeys(cohort.refused.values()))[:_REASONS_TOLD],
    }
    left = f"; {counted(len(cohort.refused), 'session')} left out" if cohort.refused else ""
    judged = "nobody judged" if dice is None else f"median Dice out of fold {dice:.3f}"
    return f"{judged}, trained on {counted(cohort.patients, 'patient')}{left}", facts


STEP = describe(
    train_segmentation,
    image="train",
    title="Sarcoma: train segmentation",
    methods=METHODS,
    cites=(),
    # No more cores: an engine that has fewer refuses to start it.
    resources=Resources(reserve_memory=8192, limit_memory=32768, limit_cpu=2),
    gpu=True,
    goes_on=True,
)
