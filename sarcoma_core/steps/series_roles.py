"""`series-roles`: which series is which, and which of them models take."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.roles import ROLES_LABEL, Role
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, ScanChoice, describe
from sarcoma_core.provenance import Outcome, Outcomes

if TYPE_CHECKING:
    from sarcoma_core.dicom.roles.session import SessionSeries
    from sarcoma_core.dicom.roles.telling import ToldSession

LABEL = ROLES_LABEL
SHEET = "contact-sheet.png"


class SeriesRolesOutputs(NamedTuple):
    """What the step writes."""

    roles: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="JSON",
            help="the role of every series, and a contact sheet",
            title="Series roles",
        ),
    ]


def series_roles(
    session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
    rules: Annotated[
        AssetFolder | None,
        Asset(label="ROLE_RULES", help="what the site's protocols are called", optional=True),
    ],
    out: OutputDir,
    *,
    forget: Annotated[bool, Param(help="forget what persons chose before")] = False,
    t1ce: Annotated[str, ScanChoice(help="T1 post-contrast")] = "",
    t1: Annotated[str, ScanChoice(help="T1")] = "",
    t2fs: Annotated[str, ScanChoice(help="T2 fat-saturated or STIR")] = "",
    t2: Annotated[str, ScanChoice(help="T2")] = "",
    pet: Annotated[str, ScanChoice(help="PET")] = "",
    ct: Annotated[str, ScanChoice(help="CT")] = "",
) -> SeriesRolesOutputs:
    """Tell which series is which, and choose one for each role that models take.

    The role of a series is told by the tags of its pulse sequence, by where its images lie, by its maker and
    number, and by its description in seven languages; each rule stands in a published table. Copies that were
    resampled or registered, maps, projections and localizers are never chosen by rules. What is not sure is
    marked for review. A person's choice wins over every rule, and is kept until it is made anew.
    """
    from sarcoma_core.dicom.roles.document import roles_document
    from sarcoma_core.dicom.roles.session import ROLES_FILE, earlier_choices, merged, read_session_series
    from sarcoma_core.dicom.roles.site_rules import FILE, read_site_rules
    from sarcoma_core.dicom.roles.telling import tell_session

    tuple(session.series())  # what is not there, or not whole, is told before work begins
    new: dict[Role, str] = {"T1CE": t1ce, "T1": t1, "T2FS": t2fs, "T2": t2, "PET": pet, "CT": ct}
    known = read_site_rules(rules.file(FILE).read_bytes()) if rules else ()
    held = read_session_series(session)
    told = tell_session(
        held.facts,
        choices=merged({} if forget else earlier_choices(session), new),
        chosen_now=[role for role, series in new.items() if series],
        site_rules=known,
        patients=held.patients,
    )
    folder = out / LABEL
    folder.mkdir(parents=True)
    (folder / ROLES_FILE).write_bytes(roles_document(told))
    _draw(session, told, held, folder / SHEET)
    return SeriesRolesOutputs(roles=tuple(_outcomes(told, held)))


def _outcomes(told: "ToldSession", held: "SessionSeries") -> list[Outcome]:
    from sarcoma_core.dicom.roles.session import ROLES_FILE

    return [
        Outcome(
            scan=one.facts.scan,
            modality=one.facts.modality or held.converted[one.name].modality,
            status="done",
            reason=one.needs_review,
            files=(ROLES_FILE,),
            facts=one.as_json(),
            part=one.facts.part,
        )
        for one in told.series
    ]


def _draw(session: SessionFolder, told: "ToldSession", held: "SessionSeries", path: Path) -> None:
    """Draw the contact sheet."""
    from sarcoma_core.archive.roles import ROLE_TITLES
    from sarcoma_core.report.contact_sheet import SheetEntry, contact_sheet

    volumes = {series.outcome.series: series.volume for series in session.series()}
    entries = [
        SheetEntry(
            name=one.name,
            modality=one.facts.modality,
            role=ROLE_TITLES[one.role],
            confidence=one.confidence,
            chosen=one.chosen,
            review=bool(one.needs_review),
            by_person=one.by == "person",
            volume=volumes.get(one.name),
            units=str(held.converted[one.name].facts.get("units") or ""),
        )
        for one in told.series
    ]
    several = f"images of {told.patients} patients" if told.patients > 1 else ""
    path.write_bytes(contact_sheet(entries, warning=several))


STEP = describe(
    series_roles,
    image="core",
    title="Sarcoma: series roles",
    correcting="Sarcoma: correct series roles",
    methods=(
        "The role of every series (T1 post-contrast, T1, T2 fat-saturated, T2, PET, CT) was told from its "
        "DICOM headers by a published table of weighted rules, or chosen by a person; resampled copies, maps "
        "and localizers were left out."
    ),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
)
