"""A chain over sessions: real steps as real processes, resumable, and no failure stops another session."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.interface import Step
from sarcoma_core.launch.chain import RunPlan, SessionResult, StepRun, chosen_sessions, run_chain
from sarcoma_core.launch.step_settings import StepSettings, settings_of
from sarcoma_core.launch.summary import series_lines, session_line
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.phantom import hazards
from sarcoma_core.provenance import Outcome, read_record
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.runners.running import Ended
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from tests.laws import assert_every_series_has_one_outcome, assert_manifest_is_the_folder, outputs

LABELS = tuple(label for name in CHAINS["prepare"] for label in step_named(name).labels)
PASSED = "convert, series-roles, bias-field, normalise, register"
"""What an MR series goes through; `suv` does not apply, and the report is of no series."""
AFTER_NORMALISE = ("normalise", "register", "report")


class Silent:
    """A watch that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def step(self, session: Session, step: Step) -> None:
        del session, step

    def finished(self, result: SessionResult) -> None:
        del result


class Counting:
    """The local runner, and the names of the steps that it was asked to run."""

    name = "local"

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._local = LocalRunner()

    def run(self, command: ResolvedCommand, folders: Mapping[str, Path]) -> Ended:
        self.ran.append(command.name.removeprefix("sarcoma-"))
        return self._local.run(command, folders)


def prepare(
    archive: Archive, *, settings: StepSettings | None = None, force: bool = False
) -> tuple[tuple[SessionResult, ...], list[str]]:
    runner = Counting()
    plan = RunPlan("prepare", "P", settings or {}, force=force)
    targets = targets_of(chosen_sessions(archive, "P", ()), "")
    results = run_chain(archive, plan, targets, runner=runner, watch=Silent())
    return results, runner.ran


@pytest.fixture(scope="module")
def prepared(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two synthetic patients on which `prepare` has run; only read it."""
    archive = Archive(tmp_path_factory.mktemp("prepared"))
    import_folder(archive, "P", cohort)
    results, ran = prepare(archive)
    assert [session_line(r).outcome for r in results] == ["complete", "complete"], [r.reason for r in results]
    assert ran == [*CHAINS["prepare"]] * 2
    return archive


@pytest.fixture
def copy(prepared: Archive, tmp_path: Path) -> Archive:
    return Archive(Path(shutil.copytree(prepared.root, tmp_path / "copy")))


def first(archive: Archive) -> Session:
    return chosen_sessions(archive, "P", ())[0]


@pytest.mark.parametrize("label", LABELS)
def test_each_label_is_a_resource_whose_manifest_is_its_folder(prepared: Archive, label: str) -> None:
    for session in chosen_sessions(prepared, "P", ()):
        record = read_record(session.resource(label))
        assert record
        assert_manifest_is_the_folder(session.resource(label), record)
        assert (session.resource(label) / f"{label}_catalog.xml").is_file()
        expected = {""} if label == "REPORT" else {scan.id for scan in session.scans}
        assert_every_series_has_one_outcome(record, expected)


def test_nothing_but_the_archive_is_left(prepared: Archive) -> None:
    assert sorted(p.name for p in prepared.root.iterdir()) == ["P"]
    for session in chosen_sessions(prepared, "P", ()):
        assert sorted(p.name for p in (session.path / "RESOURCES").iterdir()) == sorted(LABELS)


def test_running_again_does_nothing_again(copy: Archive) -> None:
    before = {label: outputs(first(copy).resource(label)) for label in LABELS}
    results, ran = prepare(copy)
    assert ran == []
    assert {run.outcome for r in results for run in r.runs} == {"already done"}
    assert {label: outputs(first(copy).resource(label)) for label in LABELS} == before


def test_a_run_that_was_stopped_goes_on_where_it_stopped(copy: Archive) -> None:
    shutil.rmtree(first(copy).resource("NORMALISED"))
    _, ran = prepare(copy)
    assert ran == [*AFTER_NORMALISE]


@pytest.mark.parametrize(
    ("damage", "redone"),
    [
        (lambda s: (s.resource("NIFTI") / "4" / "4.nii.gz").unlink(), CHAINS["prepare"]),
        (lambda s: shutil.rmtree(s.resource("N4") / "4"), ("bias-field", *AFTER_NORMALISE)),
        (lambda s: (s.resource("NORMALISED") / "4" / "4.nii.gz").write_text("x"), AFTER_NORMALISE),
        (lambda s: (s.resource("NIFTI") / "run.json").write_text("{"), CHAINS["prepare"]),
        (lambda s: (s.resource("REPORT") / "run.json").write_text("[]"), ("report",)),
    ],
    ids=["volume gone", "folder gone", "volume cut", "manifest damaged", "last manifest damaged"],
)
def test_what_is_gone_or_damaged_is_done_again(
    copy: Archive, damage: Callable[[Session], None], redone: tuple[str, ...]
) -> None:
    damage(first(copy))
    results, ran = prepare(copy)
    assert ran == list(redone)
    assert not any(r.failed for r in results)


def test_the_leftovers_of_a_killed_process_are_swept_and_those_of_a_living_one_are_not(copy: Archive) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = copy.root / f".build-{ended.pid}-x", copy.root / f".build-{os.getpid()}-x"
    dead.mkdir()
    living.mkdir()
    prepare(copy)
    assert not dead.exists()
    assert living.exists()


def test_a_changed_parameter_redoes_the_step_and_what_depends_on_it(copy: Archive) -> None:
    _, ran = prepare(copy, settings=settings_of(CHAINS["prepare"], ["normalise.clip-low=1"]))
    assert ran == [*AFTER_NORMALISE] * 2
    record = read_record(first(copy).resource("NORMALISED"))
    assert record
    assert record.params["clip_low"] == 1


def test_force_gives_byte_equal_outputs(copy: Archive) -> None:
    before = {label: outputs(first(copy).resource(label)) for label in LABELS}
    _, ran = prepare(copy, force=True)
    assert ran == [*CHAINS["prepare"]] * 2
    assert {label: outputs(first(copy).resource(label)) for label in LABELS} == before


def test_a_late_series_redoes_the_conversion(copy: Archive, export: Path) -> None:
    for path in export.rglob("*"):
        if path.is_file() and "SE000004" in path.parts:
            path.unlink()
    hazards.localizer(next(p for p in export.rglob("SE000007")))
    import_folder(copy, "P", export)
    results, ran = prepare(copy)
    assert ran == [*CHAINS["prepare"]]
    lines = {line.scan: (line.outcome, line.reason) for line in series_lines(results[0])}
    assert lines["1"][0] == "set apart"
    assert lines["7"] == (PASSED, "")


def test_a_failed_session_has_its_reason_and_retry_command_and_stops_no_other(
    cohort: Path, tmp_path: Path
) -> None:
    export = Path(shutil.copytree(cohort, tmp_path / "export"))
    for series in [p for p in min(export.iterdir()).rglob("SE*") if p.is_dir()]:
        hazards.missing_slice(series)
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    (broken, good), ran = prepare(archive)
    assert ran == ["convert", *CHAINS["prepare"]]
    assert broken.failed
    assert broken.reason.startswith("convert: no series could be used: ")
    assert "is missing" in broken.reason
    assert [(line.scan, line.outcome) for line in series_lines(broken)] == [
        ("4", "refused"),
        ("7", "refused"),
    ]
    assert all("missing" in line.reason for line in series_lines(broken))
    assert broken.retry == (
        f"sarcoma run prepare --archive {archive.root} --project P --session {broken.session.label}"
    )
    assert not (broken.session.path / "RESOURCES").exists() or not list(
        (broken.session.path / "RESOURCES").iterdir()
    )
    assert not good.failed


def test_the_retry_command_asks_for_the_same_parameters(export: Path, tmp_path: Path) -> None:
    for series in [p for p in sorted(export.rglob("SE*")) if p.is_dir()]:
        hazards.missing_slice(series)
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    settings = settings_of(CHAINS["prepare"], ["bias-field.shrink=2", "normalise.clip-low=1"])
    (result,), _ = prepare(archive, settings=settings)
    assert result.retry.endswith("--set bias-field.shrink=2 --set normalise.clip-low=1.0")
    words = shlex.split(result.retry)
    arguments = parser().parse_args(words[1:])
    assert settings_of(CHAINS["prepare"], arguments.set) == settings


def test_a_session_that_cannot_be_read_does_not_stop_the_next(
    copy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, other = chosen_sessions(copy, "P", ())
    whole = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.is_relative_to(locked.path):
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    (first, second), _ = prepare(copy)
    assert (first.outcome, second.outcome) == ("failed", "complete")
    assert "every file must be readable; found: Permission denied" in first.reason
    assert locked.label not in first.reason
    assert second.session == other


def test_one_broken_series_does_not_stop_its_session(export: Path, tmp_path: Path) -> None:
    hazards.missing_slice(next(p for p in export.rglob("SE000004")))
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    (result,), _ = prepare(archive)
    assert not result.failed
    lines = {line.scan: line for line in series_lines(result)}
    assert lines["4"].outcome == "refused"
    assert "missing" in lines["4"].reason
    assert lines["7"].outcome == PASSED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shrink=2", "must be STEP.PARAM=VALUE"),
        ("bias-field.shrink", "must be STEP.PARAM=VALUE"),
        ("segment.shrink=2", "a step of convert, series-roles, suv, bias-field, normalise, register, report"),
        ("bias-field.width=2", "no parameter 'width'; it has: shrink"),
        ("bias-field.shrink=99", "--set bias-field.shrink=99: must be 1 to 8; found '99'"),
    ],
)
def test_a_wrong_setting_is_told_with_what_is_right(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        settings_of(CHAINS["prepare"], [text])


def test_of_one_step_alone_its_name_may_be_left_out() -> None:
    wanted = {"bias-field": {"shrink": 2}}
    for text in ("shrink=2", "bias-field.shrink=2"):
        assert settings_of(("bias-field",), [text]) == wanted
    for text in ("shrink", "normalise.clip-low=1", ".shrink=2"):
        with pytest.raises(UsageError, match=r"must be PARAM=VALUE, of bias-field; found"):
            settings_of(("bias-field",), [text])


def test_an_unknown_project_or_session_is_told_with_what_is_known(prepared: Archive) -> None:
    with pytest.raises(ArchiveError, match="'Q', known: P"):
        chosen_sessions(prepared, "Q", ())
    with pytest.raises(ArchiveError, match="found 'X', it has 2 sessions"):
        chosen_sessions(prepared, "P", ("X",))


def test_every_chain_is_made_of_steps_that_exist() -> None:
    for chain in CHAINS.values():
        assert [step_named(name).name for name in chain] == list(chain)


def test_a_run_on_scans_tells_each_of_them_by_session_and_scan(copy: Archive) -> None:
    session = first(copy)
    targets = targets_of((session,), "*")
    results = run_chain(copy, RunPlan("convert", "P"), targets, runner=LocalRunner(), watch=Silent())
    assert [session_line(r).session for r in results] == [f"{session.label}/{s.id}" for s in session.scans]
    assert [r.outcome for r in results] == ["complete"] * len(session.scans)
    for result, scan in zip(results, session.scans, strict=True):
        assert f"--session {session.label} --scan {scan.id}" in result.retry


def result_of(*runs: StepRun) -> SessionResult:
    return SessionResult(Session("P", "S", "E1", "A", "1", "", "", (), Path()), runs, "sarcoma run")


def test_a_complete_session_says_what_was_set_apart_of_itself_and_not_of_a_series() -> None:
    """A model that abstains, and a 4D series that passes by."""
    ran = result_of(
        StepRun("convert", "done", series=(Outcome("5", "MR", "set apart", "4D"),)),
        StepRun("predict", "done", series=(Outcome("", "", "set apart", "MODEL_X abstains: unlike"),)),
    )
    assert (ran.outcome, ran.reason) == ("complete", "predict: MODEL_X abstains: unlike")


def test_a_complete_session_says_what_a_later_step_refused_and_each_reason_once() -> None:
    weight = "PatientWeight: must be there; found none."
    ran = result_of(
        StepRun(
            "convert", "done", series=(Outcome("5", "MR", "refused", "a gap"), Outcome("9", "PT", "done"))
        ),
        StepRun("suv", "done", series=(Outcome("9", "PT", "refused", weight),)),
        StepRun("register", "done", series=(Outcome("9", "PT", "refused", f"SUV has refused it: {weight}"),)),
    )
    assert (ran.outcome, ran.reason) == ("complete", f"suv refused scan 9: {weight}")


def test_a_step_alone_that_could_use_nothing_says_why_and_one_that_could_does_not() -> None:
    refused = Outcome("9", "PT", "refused", "no weight")
    assert result_of(StepRun("suv", "done", series=(refused,))).reason == "suv refused scan 9: no weight"
    assert result_of(StepRun("convert", "done", series=(refused, Outcome("4", "MR", "done")))).reason == ""
