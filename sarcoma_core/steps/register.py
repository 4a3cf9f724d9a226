"""`register`: the series that models take, on one grid."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.roles import CHOSEN_ROLES, REFERENCE_ROLES, ROLE_TITLES, ROLES_LABEL, Role
from sarcoma_core.errors import InputError, SeriesRefused
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes, recorded_scan_id
from sarcoma_core.steps.running import each_case

if TYPE_CHECKING:
    from sarcoma_core.dicom.bearings import Bearings
    from sarcoma_core.imaging.registration.pair import Alignment
    from sarcoma_core.imaging.registration.rigid import RigidTransform
    from sarcoma_core.imaging.registration.views import View
    from sarcoma_core.imaging.volume import Mask, Volume

LABEL = "REGISTERED"
READS = (ROLES_LABEL, "NORMALISED", "SUV", "NIFTI")

ReferenceRole = Literal["auto", "T1CE", "T1", "T2FS", "T2", "PET", "CT"]


class RegisterOutputs(NamedTuple):
    """What the step writes."""

    registered: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="the chosen series on the reference's grid, and the transforms both ways",
            title="Registration",
            caption="Registered",
        ),
    ]


def register(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    out: OutputDir,
    *,
    reference: Annotated[
        ReferenceRole, Param(help="role whose grid the others get; auto: the first of T1CE, T1, T2FS")
    ] = "auto",
    deformable: Annotated[
        bool, Param(help="whether a series may be bent as well as turned and shifted")
    ] = False,
) -> RegisterOutputs:
    """Bring the series that are chosen for a role onto the grid of one of them, the reference.

    Each is turned and shifted so that it tells most about the reference (mutual information of the bodies),
    and bent if asked. In the same frame of reference it stays where it is unless information gains. A pair
    that is poor is refused with its numbers: fields of view that do not overlap, left against right, flipped
    volumes, movements that no patient makes. The transforms are kept, both ways.
    """
    chosen = _chosen(session)
    roles: Sequence[Role] = REFERENCE_ROLES if reference == "auto" else (reference,)
    role = next((role for role in roles if role in chosen), None)
    others = _not_chosen(session, chosen)
    if role is None:
        reason = _no_reference(reference)
        told = (series.told("not applicable", reason) for series in chosen.values())
        return RegisterOutputs(registered=(*told, *others))
    work = _Work(session, out / LABEL, role, chosen, deformable=deformable)
    # CT goes before PET, which lies as the CT of its scanner does
    order = sorted(chosen, key=lambda one: (one != role, one == "PET", CHOSEN_ROLES.index(one)))
    done = each_case(((chosen[one],) for one in order), lambda case: work.outcome(case[0]))
    return RegisterOutputs(registered=(*done, *others))


def _chosen(session: SessionFolder) -> dict[Role, SeriesFiles]:
    """The series of each role that has one; a series has one role."""
    found: dict[Role, SeriesFiles] = {}
    for role in CHOSEN_ROLES:
        series = session.by_role(role)
        if series and series.outcome.series not in {one.outcome.series for one in found.values()}:
            found[role] = series
    return found


def _not_chosen(session: SessionFolder, chosen: Mapping[Role, SeriesFiles]) -> Outcomes:
    taken = {series.outcome.series for series in chosen.values()}
    record = session.record(ROLES_LABEL)
    roles = {o.series: str(o.facts.get("role", "")) for o in record.outcomes} if record else {}
    titles: dict[str, str] = {str(role): title for role, title in ROLE_TITLES.items()}
    rest = (series for series in session.series() if series.outcome.series not in taken)
    told = [
        series.told("not applicable", f"not chosen for a role ({titles.get(role, 'its role is not told')})")
        for series in rest
        for role in (roles.get(series.outcome.series, ""),)
    ]
    apart = (replace(o, status="not applicable", files=(), facts={}) for o in session.apart())
    return (*told, *apart)


def _no_reference(reference: str) -> str:
    wanted = "T1CE, T1 or T2FS" if reference == "auto" else reference
    return (
        f"no series is chosen for {wanted}, whose grid the others would get: name another with "
        "--set register.reference=CT, or choose one with sarcoma roles set"
    )


@dataclass
class _Work:
    """The chosen series of a session, and the role of the one that the others are registered to."""

    session: SessionFolder
    folder: Path
    role: Role
    chosen: Mapping[Role, SeriesFiles]
    deformable: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        from sarcoma_core.dicom.bearings import patients_among, read_bearings

        files = {recorded_scan_id(scan.id): scan.files for scan in self.session.scans()}
        self.reference = self.chosen[self.role]
        self.roles = {series.outcome.series: role for role, series in self.chosen.items()}
        scans = {series.scan for series in self.chosen.values()}
        self.bearings: dict[str, Bearings] = {scan: read_bearings(files.get(scan, ())) for scan in scans}
        self.patients = patients_among(self.bearings.values())
        converted = replace(self.session, reads=("NIFTI",))
        held = converted.series() if self.session.record("NIFTI") else ()
        self.converted = {series.outcome.series: series for series in held}
        self.done: dict[str, tuple[Role, RigidTransform]] = {}
        self._view: View | None = None
        self._fault = ""

    def outcome(self, series: SeriesFiles) -> Outcome:
        """Register one series.

        Raises:
            SeriesRefused: it cannot be registered, and why.
        """
        from sarcoma_core.dicom.bearings import opposite_sides

        if self.patients > 1:
            raise SeriesRefused(
                f"PatientID: must be one in all scans of a session; found {self.patients} among those chosen."
            )
        self._require_its_units(series)
        if series is self.reference:
            return self._reference()
        here, there = self.bearings[self.reference.scan], self.bearings[series.scan]
        if opposite_sides(here, there):
            raise SeriesRefused(
                "Laterality: must be that of the reference; found left in one and right in the other."
            )
        return self._moved(series)

    def _require_its_units(self, series: SeriesFiles) -> None:
        """Refuse what a step before has refused: it would go on in units that nobody expects here.

        Raises:
            SeriesRefused: one has.
        """
        for label in READS[1 : READS.index(series.label)]:
            record = self.session.record(label)
            before = record.outcome(series.outcome.series) if record else None
            if before and before.status == "refused":
                raise SeriesRefused(f"{label} has refused it: {before.reason}")

    def _reference(self) -> Outcome:
        from sarcoma_core.imaging.volume import read_nifti
        from sarcoma_core.steps.volumes import write_volume

        self.fixed()
        files = write_volume(self.folder, self.reference, read_nifti(self.reference.volume))
        return self.reference.told("done", files=files, facts=self._facts(self.reference, "reference"))

    def fixed(self) -> "View":
        """The reference, ready to be registered to.

        Raises:
            SeriesRefused: it cannot be used.
        """
        if self._fault:
            raise SeriesRefused(
                f"the reference, scan {self.reference.outcome.series}, is refused: {self._fault}"
            )
        if self._view is None:
            try:
                self._view = self._ready(self.reference)
            except InputError as error:
                self._fault = error.message
                raise
        return self._view

    def _moved(self, series: SeriesFiles) -> Outcome:
        from sarcoma_core.imaging.registration.pair import align
        from sarcoma_core.imaging.resampling import outside, resample
        from sarcoma_core.steps.volumes import write_volume

        fixed, moving = self.fixed(), self._ready(series)
        likely = self._likely(series)
        alignment = align(fixed, moving, priors=[place for place, _ in likely], deformable=self.deformable)
        fill = outside(moving.volume.array, series.outcome.modality)
        volume = resample(moving.volume, fixed.volume, alignment.from_fixed, fill=fill)
        files = write_volume(self.folder, series, volume)
        self.done[series.scan] = (self.roles[series.outcome.series], alignment.rigid)
        measured = asdict(alignment.facts)
        notes = (note for place, note in likely if note and place is alignment.rigid)
        warnings = [*notes, *alignment.warnings]
        facts = {**self._facts(series, measured["transform"]), **measured, "warnings": warnings}
        return series.told("done", files=(*files, *self._write(series, alignment)), facts=facts)

    def _likely(self, series: SeriesFiles) -> "list[tuple[RigidTransform, str]]":
        """How a series may lie if it has not moved, and what to tell where it is found so.

        As the reference in its frame of reference; a PET as the CT of its scanner was found to lie.
        """
        from sarcoma_core.dicom.bearings import same_frame
        from sarcoma_core.imaging.registration.pair import unmoved

        here = self.bearings[series.scan]
        stays = unmoved(self.fixed()) if same_frame(here, self.bearings[self.reference.scan]) else None
        if self.roles[series.outcome.series] == "PET":
            for scan, (role, moved) in self.done.items():
                if role == "CT" and same_frame(here, self.bearings[scan]):
                    as_ct = (moved, f"it lies as the CT of its frame of reference does, scan {scan}")
                    alone = (
                        f"the CT of its frame of reference, scan {scan}, was moved; it was not, for it tells "
                        "more about the reference where it lay: look at both"
                    )
                    return [as_ct, *([(stays, alone)] if stays else [])]
        return [(stays, "")] if stays else []

    def _ready(self, series: SeriesFiles) -> "View":
        from sarcoma_core.imaging.registration.views import View
        from sarcoma_core.imaging.volume import read_nifti

        volume = read_nifti(series.volume)
        return View.of(volume, series.outcome.modality, self._body(series, volume))

    def _body(self, series: SeriesFiles, volume: "Volume") -> "Mask | None":
        """The body of an MR series as it was converted: a z-score has no air to tell it from."""
        from sarcoma_core.imaging.registration.bodies import body_in
        from sarcoma_core.imaging.volume import read_nifti

        converted = self.converted.get(series.outcome.series)
        if series.outcome.modality != "MR" or converted is None:
            return None
        stored = read_nifti(converted.volume)
        return body_in(stored, "MR") if stored.array.shape == volume.array.shape else None

    def _facts(self, series: SeriesFiles, transform: str) -> dict[str, Any]:
        return {
            "role": self.roles[series.outcome.series],
            "reference": self.reference.outcome.series,
            "reference_role": self.role,
            "source": series.label,
            "transform": transform,
            "warnings": [],
        }

    def _write(self, series: SeriesFiles, alignment: "Alignment") -> tuple[str, ...]:
        import SimpleITK as sitk

        ways = {"from_reference": alignment.from_fixed, "to_reference": alignment.to_fixed}
        names = {name: f"{series.scan}/{series.outcome.stem}_{name}.tfm" for name in ways}
        for name, way in ways.items():
            sitk.WriteTransform(way, str(self.folder / names[name]))
        return tuple(names.values())


STEP = describe(
    register,
    image="core",
    revision=2,
    title="Sarcoma: register to one grid",
    methods=(
        "The chosen series were registered to the reference by mutual information (Mattes) inside the body, "
        "rigidly and, where asked, with a bounded cubic B-spline, and resampled linearly onto its grid; poor "
        "registrations were refused."
    ),
    cites=("mattes2003", "rueckert1999", "lowekamp2013"),
    goes_on=True,
    resources=Resources(reserve_memory=2048, limit_memory=4096, limit_cpu=2),
)
