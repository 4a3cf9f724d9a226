"""`cohort`: freeze which subjects, sessions and series of a project a training will see."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, NamedTuple

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.cohort import (
    COHORT_FILE,
    CohortRules,
    CohortSession,
    LeftOut,
    freeze,
    write_cohort,
)
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.archive.lists import CONSENT_FILE, EXCLUSIONS_FILE, read_consents, read_exclusions
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.archive.register import ArchiveRegister, Register
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes, RunRecord, parse_record
from sarcoma_core.steps.launcher import launched_by_xnat, launching_xnat
from sarcoma_core.text import counted

LABEL = "COHORT"
CLINICAL, CONSENT, EXCLUSIONS = "CLINICAL", "CONSENT", "EXCLUSIONS"
"""Project resources with tables that people keep. They are no assets: a site may have none of them."""
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
    *,
    label: Annotated[
        Literal["REGISTERED", "NORMALISED", "N4", "NIFTI"],
        Param(help="resource that a session must have to be taken"),
    ] = "NORMALISED",
    consent: Annotated[
        Literal["recorded", "required"],
        Param(help="whether a subject without a recorded consent is taken (recorded) or left out (required)"),
    ] = "recorded",
) -> CohortOutputs:
    """Freeze which subjects, sessions and series of a project a training will see.

    One file lists every session that is taken, with its subject, consent, series and the hash of every file,
    and every session that is left out, with the reason. A series is told by its role where the roles are
    told, and by its scan type. The same project gives the same bytes; a session that has changed is another
    line, and is told here. Labels and scan types of XNAT are written as they are, and no UID or value of a
    header: they must be pseudonyms already. Training and evaluation read this resource, so that its one hash
    is their whole input.
    """
    folders = {name: session.path for name, session in project.sessions()}
    path = out / LABEL / COHORT_FILE
    path.parent.mkdir(parents=True)
    with _register(project) as register:
        head = {
            "project": project.id,
            "label": label,
            "consent": consent,
            "tables": {name: asset_hash(register.own, name) for name in _tables(register.own)},
        }
        rules = _rules(register.own, reads=READS[READS.index(label) :], needs_consent=consent == "required")
        before = _labels_before(register)
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            frozen = write_cohort(stream, head, freeze(register, folders, rules))
            outcomes = tuple(_outcome(one, before) for one in frozen)
        return CohortOutputs(cohort=(*outcomes, *_told_of(rules.strangers(register.sessions()))))


def _told_of(strangers: int) -> Outcomes:
    """That lines of the lists name nobody here: whoever meant to leave somebody out has to know."""
    if not strangers:
        return ()
    reason = (
        f"{counted(strangers, 'line')} of {CONSENT} or {EXCLUSIONS} name nobody of this project: mistyped?"
    )
    return (Outcome("", "", "set apart", reason),)


def _tables(own: OwnHoldings) -> tuple[str, ...]:
    """The tables that people keep in the project's own resources."""
    there = own.labels()
    return tuple(name for name in (CLINICAL, CONSENT, EXCLUSIONS) if name in there)


def _rules(own: OwnHoldings, *, reads: tuple[str, ...], needs_consent: bool) -> CohortRules:
    """What makes a session one of the cohort, with the lists that are there."""
    with TemporaryDirectory(prefix="sarcoma-") as folder:
        consents = _fetched(own, CONSENT, CONSENT_FILE, Path(folder))
        exclusions = _fetched(own, EXCLUSIONS, EXCLUSIONS_FILE, Path(folder))
        return CohortRules(
            reads=reads,
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


def _labels_before(register: Register) -> Mapping[tuple[str, str], Mapping[str, str]] | None:
    """The hashes of each session in the cohort that is there; None where there is none that can be read."""
    body = register.own.manifest(LABEL)
    if body is None:
        return None
    try:
        record: RunRecord = parse_record(body, LABEL)
    except ArchiveError:
        return None
    hashes = ((one, one.facts.get("labels")) for one in record.outcomes if one.usable)
    # Whoever wrote it: what is no table of hashes tells of none.
    return {(o.subject, o.session): told if isinstance(told, dict) else {} for o, told in hashes}


def _outcome(
    one: CohortSession | LeftOut, before: Mapping[tuple[str, str], Mapping[str, str]] | None
) -> Outcome:
    if isinstance(one, LeftOut):
        return Outcome("", "", "set apart", one.reason, subject=one.subject, session=one.session)
    facts = {"labels": dict(one.labels), "series": len(one.series), "consent": one.consent}
    return Outcome(
        "",
        "",
        "done",
        "" if before is None else _difference(one, before.get((one.subject, one.session))),
        files=(COHORT_FILE,),
        facts=facts,
        subject=one.subject,
        session=one.session,
    )


def _difference(one: CohortSession, before: Mapping[str, str] | None) -> str:
    """What is another than in the cohort that is there; empty where nothing is."""
    if before is None:
        return "new since the last cohort"
    changed = sorted(label for label in {*before, *one.labels} if before.get(label) != one.labels.get(label))
    return f"changed since the last cohort: {', '.join(changed)}" if changed else ""


STEP = describe(
    cohort,
    image="edge",
    title="Sarcoma: cohort",
    methods=(
        "The subjects, sessions and series of the study were frozen in a list with the SHA-256 of every "
        "file, and each session that was left out was listed with its reason."
    ),
    resources=Resources(reserve_memory=256, limit_memory=1024, limit_cpu=1),
)
