"""`cohort`: freeze which subjects, sessions and series of a project a training will see."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, NamedTuple, TextIO

from sarcoma_core.archive.asset import AssetFolder, asset_hash
from sarcoma_core.archive.cohort import (
    COHORT_FILE,
    CohortRules,
    LeftOut,
    PatientSession,
    freeze,
    write_cohort,
)
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.archive.lists import (
    CONSENT,
    CONSENT_FILE,
    EXCLUSIONS,
    EXCLUSIONS_FILE,
    read_consents,
    read_exclusions,
)
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.archive.register import ArchiveRegister, Register
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.prognosis.clinical.table import LABEL as CLINICAL
from sarcoma_core.prognosis.flow import flow, flow_tree
from sarcoma_core.prognosis.join import CohortJoin, JoinedRow, JoinRules
from sarcoma_core.provenance import Outcome, Outcomes, contents_hash
from sarcoma_core.steps.cohort_outcomes import LABEL, HashesBefore, hashes_before, outcome_of, outcome_of_row
from sarcoma_core.steps.launched import launched_by_xnat
from sarcoma_core.steps.launcher import launching_xnat

READS = ("REGISTERED", "NORMALISED", "N4", "SUV", "NIFTI")


class CohortOutputs(NamedTuple):
    """What the step writes."""

    cohort: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="JSON",
            help="the frozen subjects, sessions and series, with their hashes",
            title="Cohort",
        ),
    ]


def cohort(
    project: Annotated[
        ProjectFolder, Input(level="project", resource=READS, help="a project whose sessions are prepared")
    ],
    out: OutputDir,
    clinical: Annotated[
        AssetFolder | None,
        Asset(label=CLINICAL, help="the clinical table, as sarcoma clinical push wrote it", optional=True),
    ],
    *,
    label: Annotated[
        Literal["REGISTERED", "NORMALISED", "N4", "NIFTI"],
        Param(help="resource that a session must have to be taken"),
    ] = "NORMALISED",
    consent: Annotated[
        Literal["recorded", "required"],
        Param(help="whether a subject without a recorded consent is taken (recorded) or left out (required)"),
    ] = "recorded",
    days_before: Annotated[
        int,
        Param(
            help="how long before surgery the session of a row of CLINICAL may be",
            ge=0,
            le=3650,
            unit="days",
        ),
    ] = 180,
) -> CohortOutputs:
    """Freeze which subjects, sessions and series of a project a training will see.

    One file lists every session that is taken, with its subject, consent, series and the hash of every file,
    and every session that is left out, with the reason. A series is told by its role where the roles are
    told, and by its scan type. The same project gives the same bytes; a session that has changed is another
    line, and is told here. Labels and scan types of XNAT are written as they are, and no UID or value of a
    header: they must be pseudonyms already. Training and evaluation read this resource, so that its one hash
    is their whole input.

    With a clinical table only the session before surgery of each of its rows is taken, and the row stands
    beside it. The join is told row by row with its key and its reason; what is ambiguous, or contradicts the
    images, is refused.
    """
    folders = {name: session.path for name, session in project.sessions()}
    path = out / LABEL / COHORT_FILE
    path.parent.mkdir(parents=True)
    with _register(project) as register:
        head = {
            "project": project.id,
            "label": label,
            "consent": consent,
            "tables": _tables(register.own),
        }
        rules = cohort_rules(register.own, label, needs_consent=consent == "required")
        before = hashes_before(register.own)
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            if clinical is None:
                frozen = write_cohort(stream, head, freeze(register, folders, rules))
                outcomes = tuple(outcome_of(one, before) for one in frozen)
            else:
                joining = _Joining(register, folders, JoinRules(rules, days_before), before)
                outcomes = joining.write(stream, head, clinical)
        strangers = rules.strangers(register.sessions())
        told = (Outcome("", "", "set apart", strangers),) if strangers else ()
        return CohortOutputs(cohort=(*outcomes, *told))


@dataclass(frozen=True)
class _Joining:
    """A cohort of the rows of a clinical table."""

    register: Register
    folders: Mapping[str, Path]
    rules: JoinRules
    before: HashesBefore | None

    def write(self, stream: TextIO, head: Mapping[str, object], clinical: AssetFolder) -> Outcomes:
        """Write the cohort, and tell what became of each row and session."""
        from sarcoma_core.prognosis.project_join import join_project, read_table

        table = read_table(lambda name: _asset_content(clinical, name))
        found = join_project(table, self.register, self.folders, self.rules)
        told = {
            "time_zero": table.time_zero,
            "days_before": self.rules.days_before,
            "sha256": clinical.sha256,
        }
        rows: list[JoinedRow] = []
        outcomes: list[Outcome] = []
        written = write_cohort(
            stream,
            {**head, "clinical": told},
            self._frozen(found, rows, outcomes),
            tail=lambda: {"flow": flow_tree(flow(rows))},
        )
        for _ in written:
            pass
        hints = (Outcome("", "", "set apart", hint) for hint in found.hints)
        return (*outcomes, *hints)

    def _frozen(
        self, found: CohortJoin, rows: list[JoinedRow], outcomes: list[Outcome]
    ) -> Iterator[PatientSession | LeftOut]:
        """Each session or what is left out; rows and outcomes are noted on the way."""
        from sarcoma_core.prognosis.project_join import freeze_join

        for one, session in freeze_join(found, self.register, self.folders, self.rules.cohort):
            if isinstance(one, LeftOut):
                outcomes.append(outcome_of(one, self.before))
                yield one
                continue
            rows.append(one)
            outcomes.append(outcome_of_row(one, session, self.before))
            yield session or LeftOut(one.subject, one.session, one.told)


def _asset_content(asset: AssetFolder, name: str) -> bytes | None:
    try:
        return asset.file(name).read_bytes()
    except InputError:
        return None


def _tables(own: OwnHoldings) -> Mapping[str, str]:
    """The hash of each table that people keep in the project's own resources.

    An empty CLINICAL is none: a launch on a server makes one where there is none (`launch.optional_assets`).
    """
    there = own.labels()
    hashes = {name: asset_hash(own, name) for name in (CLINICAL, CONSENT, EXCLUSIONS) if name in there}
    if hashes.get(CLINICAL) == contents_hash({}):
        del hashes[CLINICAL]
    return hashes


def cohort_rules(own: OwnHoldings, label: str, *, needs_consent: bool) -> CohortRules:
    """What makes a session one of the cohort, with the lists that are there.

    Args:
        own: what the project's own resources hold.
        label: resource that a session must have; what comes after it in `READS` is read as well.
        needs_consent: whether a subject without a recorded consent is left out.

    Raises:
        InputError: a list is missing from its resource, or is none.
    """
    with TemporaryDirectory(prefix="sarcoma-") as folder:
        consents = _fetched(own, CONSENT, CONSENT_FILE, Path(folder))
        exclusions = _fetched(own, EXCLUSIONS, EXCLUSIONS_FILE, Path(folder))
        return CohortRules(
            reads=READS[READS.index(label) :],
            consents=read_consents(consents) if consents else {},
            exclusions=read_exclusions(exclusions) if exclusions else frozenset(),
            needs_consent=needs_consent,
        )


def _fetched(own: OwnHoldings, label: str, name: str, folder: Path) -> Path | None:
    """A list of the project as a file; None where the project has no such resource.

    Raises:
        InputError: the resource is there, and the list is not in it: to go on without it would be wrong.
    """
    if label not in own.labels():
        return None
    content = own.content(label, name)
    if content is None:
        raise InputError(
            f"--project: its resource {label} must hold {name}; it does not.",
            hint=f"Put the list there, or delete the resource {label}: docs/outputs.md, The cohort.",
        )
    path = folder / name
    path.write_bytes(content)
    return path


@contextmanager
def _register(project: ProjectFolder) -> Iterator[Register]:
    """The project's database: the server that launched this, or the archive of ours that it lies in."""
    if launched_by_xnat():
        from sarcoma_core.xnat.rest.register import RemoteRegister

        with launching_xnat() as connection:
            yield RemoteRegister(connection, project.id)
    elif (archive := project.archive) is not None:
        yield ArchiveRegister(archive, project.id)
    else:
        raise InputError(
            "--project: must lie in an archive of sarcoma, or be launched by XNAT (XNAT_HOST): a mount does "
            "not say whose a session is; it is neither.",
            hint="sarcoma run cohort --archive DIR --project ID (without --runner docker), or "
            "sarcoma xnat launch cohort --project ID",
        )


STEP = describe(
    cohort,
    image="edge",
    revision=2,
    title="Sarcoma: cohort",
    methods=(
        "The subjects, sessions and series of the study were frozen in a list with the SHA-256 of every "
        "file, and each session that was left out was listed with its reason. Where there was a clinical "
        "table, each row was joined by its subject to one session before surgery; what was ambiguous, or "
        "contradicted the images, was refused."
    ),
    resources=Resources(reserve_memory=256, limit_memory=1024, limit_cpu=1),
)
