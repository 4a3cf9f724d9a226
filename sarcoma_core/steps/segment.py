"""`segment`: the tumour of a session, drawn by the models of a project."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder, not_written
from sarcoma_core.archive.masks import SEG_LABEL
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes

if TYPE_CHECKING:
    import torch

    from sarcoma_core.archive.masks import MaskVersion
    from sarcoma_core.dicom.body_sites import BodySite
    from sarcoma_core.models.model_set import ModelSet
    from sarcoma_core.segmentation.inference.choosing import ChosenMember
    from sarcoma_core.segmentation.inference.drawing import DrawnMember, SetMember
    from sarcoma_core.segmentation.inference.session import SessionViews

LABEL = SEG_LABEL
READS = ("REGISTERED", "NORMALISED", ROLES_LABEL)

Member = Literal["auto", "T1CE", "T2FS", "T1CE_T2FS", "T1", "T2"]
Site = Literal["auto", "extremity", "abdomen_pelvis", "other"]


class SegmentOutputs(NamedTuple):
    """What the step writes."""

    masks: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="the masks on the native grid, how uncertain they are, and what a person has to look at",
            title="Automatic segmentation",
        ),
    ]


def segment(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    model: Annotated[AssetFolder, Asset(label="MODEL_SEG_*", help="the models that draw")],
    out: OutputDir,
    *,
    member: Annotated[
        Member,
        Param(help="which model of the set draws; auto: by the body site and the series that are there"),
    ] = "auto",
    site: Annotated[Site, Param(help="where the tumour lies; auto: as the DICOM headers tell it")] = "auto",
    all_members: Annotated[
        bool, Param(help="whether the masks of the other models of the set are written as well")
    ] = False,
    mirror: Annotated[
        bool, Param(help="whether each image is looked at in eight mirrored views, which tells uncertainty")
    ] = True,
) -> SegmentOutputs:
    """Draw the tumour of a session with the models of a project, and say what a person has to look at.

    One model of the set draws: on extremities that of T1 after contrast agent, in abdomen and pelvis that of
    fat-saturated T2, or the first whose series are there. Its masks lie on the native grid of the series. The
    others are asked whether they agree. A gate says what is odd: nothing found, pieces, an implausible
    volume, the border of the image, uncertainty, disagreement, and spacings or intensities that the training
    has not seen. Masks of a network are for research, and for a person to correct.
    """
    from sarcoma_core.models.model_set import open_set
    from sarcoma_core.segmentation.inference.choosing import choose_member
    from sarcoma_core.segmentation.inference.session import SessionViews
    from sarcoma_core.segmentation.inference.writing import write_versions

    found = open_set(model)
    views = SessionViews(session)
    tasks = {name: one.config.segmentation for name, one in found.members.items()}
    usable = [name for name, task in tasks.items() if task and views.has(task)]
    where = _site(session) if site == "auto" else site
    chosen = choose_member(where, usable, "" if member == "auto" else member)
    if not chosen.member:
        write_versions(out / LABEL, ())
        return SegmentOutputs(masks=_nothing_to_look_at(session, found, member))
    work = _DrawingSet(out / LABEL, views, found, chosen, tuple(usable), mirror)
    drawn = work.draw(all_members=all_members)
    taken = {one.series for one in drawn}
    rest = (series for series in session.series() if series.outcome.series not in taken)
    others = (one.told("not applicable", f"{chosen.member} draws, on another series") for one in rest)
    return SegmentOutputs(masks=(*drawn, *{one.series: one for one in others}.values()))


@dataclass(frozen=True)
class _DrawingSet:
    """The members of a set at work on one session."""

    folder: Path
    views: "SessionViews"
    found: "ModelSet"
    chosen: "ChosenMember"
    usable: tuple[str, ...]
    mirror: bool

    def draw(self, *, all_members: bool) -> Outcomes:
        """An outcome for each series on which something is drawn; the chosen member's first."""
        from sarcoma_core.segmentation.inference.drawing import draw
        from sarcoma_core.segmentation.inference.writing import write_member, write_versions

        members = {name: self._member(name) for name in self.usable}
        outcomes: list[Outcome] = []
        versions: list[MaskVersion] = []
        for name in (self.chosen.member, *(n for n in self.usable if n != self.chosen.member)):
            is_chosen = name == self.chosen.member
            if not (is_chosen or all_members):
                continue
            others = [one for other, one in members.items() if other != name] if is_chosen else []
            one = draw(self.views, members[name], others)
            beside = "" if is_chosen else name.lower()
            written = write_member(self.folder, one, algorithm=self._algorithm(name), beside=beside)
            versions += written.versions
            outcomes.append(self._outcome(one, written.files, is_chosen=is_chosen))
        write_versions(self.folder, versions)
        return _merged(outcomes)

    def _member(self, name: str) -> "SetMember":
        import torch

        from sarcoma_core.models.architectures import load
        from sarcoma_core.segmentation.inference.drawing import SetMember
        from sarcoma_core.segmentation.inference.predicting import Segmenter

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = self.found.members[name]
        task = model.config.segmentation
        assert task is not None  # noqa: S101  only those are usable
        segmenter = Segmenter(task, load(model, device), device, mirror=self.mirror)
        return SetMember(name, segmenter, model.card.synthetic)

    def _algorithm(self, name: str) -> str:
        return f"{self.found.members[name].card.name} {name} {self.found.sha256[:12]}"

    def _outcome(self, drawn: "DrawnMember", files: tuple[str, ...], *, is_chosen: bool) -> Outcome:
        name = drawn.member.name
        regions = {region: round(drawn.finding.volume_ml(region), 3) for region in drawn.finding.kept}
        facts: dict[str, Any] = {
            "model": self.found.members[name].card.name,
            "member": name,
            "member_why": self.chosen.why if is_chosen else "asked for beside the chosen one",
            "set_sha256": self.found.sha256,
            "synthetic": drawn.member.synthetic,
            "regions": regions,
            "needs_review": list(drawn.needs_review),
            "uncertainty": round(drawn.finding.uncertainty, 5),
            "others": {other: round(dice, 4) for other, dice in drawn.others.items()},
            "device": _device_name(drawn.member.segmenter.device),
            "seconds": round(drawn.seconds, 2),
        }
        told = ", ".join(f"{region} {ml:.1f} ml" for region, ml in regions.items())
        doubts = f"needs review: {'; '.join(drawn.needs_review)}" if drawn.needs_review else "nothing odd"
        reason = f"{name} has drawn {told}; {doubts}"
        return drawn.series.told("done", reason, files=files, facts=facts)


def _merged(outcomes: list[Outcome]) -> Outcomes:
    """One outcome for each series: what further members have drawn there stands in the facts of the first."""
    held: dict[str, Outcome] = {}
    for one in outcomes:
        first = held.get(one.series)
        if first is None:
            held[one.series] = one
            continue
        beside = [*first.facts.get("beside", []), one.facts]
        held[one.series] = replace(
            first, files=(*first.files, *one.files), facts={**first.facts, "beside": beside}
        )
    return tuple(held.values())


def _nothing_to_look_at(session: SessionFolder, found: "ModelSet", named: str) -> Outcomes:
    """Why no member draws, for each series."""
    record = session.record(ROLES_LABEL)  # of every series: CT and PET are in none of the other resources
    if record is None:
        raise not_written(session.path, (ROLES_LABEL,))
    chosen = {str(one.facts["role"]) for one in record.outcomes if one.facts.get("chosen")}
    why = _why_nothing(found, named, chosen)
    return tuple(Outcome(one.scan, one.modality, "refused", why, part=one.part) for one in record.outcomes)


def _why_nothing(found: "ModelSet", named: str, chosen: set[str]) -> str:
    have = ", ".join(found.members) or "none that is trained"
    if named != "auto":
        return (
            f"{named} was asked for; its series are not there, or the set has no such model (it has {have})"
        )
    tasks = (one.config.segmentation for one in found.members.values())
    seen = sorted(chosen & {sequence for task in tasks if task for sequence in task.sequences})
    if seen:
        return (
            f"{' and '.join(seen)} chosen, but no step before has left an image of it that the models "
            f"({have}) could look at: it was refused, or set apart"
        )
    return f"the models of the set ({have}) look at other series than the session has chosen"


def _site(session: SessionFolder) -> "BodySite":
    """Where the tumour lies, as the first scan tells it that says so."""
    from sarcoma_core.dicom.body_sites import body_site

    told = (body_site(scan.files) for scan in session.scans() if scan.files)
    return next((site for site in told if site != "other"), "other")


def _device_name(device: "torch.device") -> str:
    import torch

    return str(torch.cuda.get_device_name(device)) if device.type == "cuda" else "cpu"


STEP = describe(
    segment,
    image="torch",
    title="Sarcoma: segment the tumour",
    methods=(
        "Tumours were segmented by a 3D residual U-Net in overlapping windows and mirrored views; the mean "
        "probabilities were brought to the native grid, thresholded, and freed of small pieces. The variance "
        "of the views was kept, and rules said which masks a person had to look at."
    ),
    cites=(),
    resources=Resources(reserve_memory=2048, limit_memory=8192, limit_cpu=2),
    gpu=True,
    goes_on=True,
)
