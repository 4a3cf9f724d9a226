"""Pre-flight: what it lets go would run; what it holds back says why; what it skips is really there."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.holdings import FolderHoldings, Held, fingerprint
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bulk.preflight import LiveStep, preflight, stages
from sarcoma_core.launch.work import manifest, stale_files
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.launch.fake_xnat import FakeXnat
from tests.launch.served_folder import ServedFolder

SESSION = RemoteTarget("session", "E0")


def stage(fake: FakeXnat, step: str, **params: Any) -> LiveStep:
    (found,) = stages(fake, "P", (step,), {step: params})
    return found


def answer(fake: FakeXnat, step: str, *, force: bool = False, **params: Any) -> str:
    return preflight(fake, SESSION, stage(fake, step, **params), force=force).answer


@pytest.fixture
def fake() -> FakeXnat:
    """A session with images, converted."""
    fake = FakeXnat({"E0": {}})
    fake.write("E0", "convert")
    return fake


def test_a_step_that_is_not_enabled_is_told_with_the_command_that_enables_it(fake: FakeXnat) -> None:
    fake.disabled = ("convert",)
    with pytest.raises(UsageError, match="must be enabled for the site and for project P") as refused:
        stage(fake, "convert")
    line = refused.value.hint.removeprefix("Enable it: ").rstrip(".")
    assert line == "sarcoma xnat enable convert --project P"
    assert callable(parser().parse_args(line.split()[1:]).run)


def test_a_step_that_is_not_installed_is_told_with_the_command_that_installs_it(fake: FakeXnat) -> None:
    fake.commands = lambda _name=None: ()  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="must be installed on this server") as refused:
        stage(fake, "convert")
    line = refused.value.hint.removeprefix("Install it: ").rstrip(".")
    assert line == "sarcoma xnat install --step convert --project P"
    assert callable(parser().parse_args(line.split()[1:]).run)


def test_of_two_enabled_versions_the_newest_is_launched(fake: FakeXnat) -> None:
    live = fake.commands

    def both(name: str | None = None) -> Any:
        (old,) = live(name)
        return (old, replace(old, id=50, version="9.9.9", tree={**old.tree, "id": 50, "version": "9.9.9"}))

    fake.commands = both  # type: ignore[method-assign]
    assert stage(fake, "convert").version == "9.9.9"


def test_a_parameter_that_breaks_its_rule_stops_before_anything_is_asked(fake: FakeXnat) -> None:
    with pytest.raises(UsageError, match="--shrink: must be 1 to 8; found 99"):
        stage(fake, "bias-field", shrink=99)


def test_the_session_must_hold_what_the_step_reads(fake: FakeXnat) -> None:
    held = preflight(fake, SESSION, stage(fake, "normalise"), force=False)
    assert held.answer == "go"
    fake.sessions["E0"].clear()
    verdict = preflight(fake, SESSION, stage(fake, "bias-field"), force=False)
    assert (verdict.answer, verdict.reason) == ("not launched", "the session has no resource NIFTI")


def test_a_session_that_is_not_there_is_not_launched(fake: FakeXnat) -> None:
    verdict = preflight(fake, RemoteTarget("session", "E7"), stage(fake, "convert"), force=False)
    assert (verdict.answer, verdict.reason) == ("not launched", "GET: the server answered 404.")


def test_a_server_that_is_away_is_no_verdict(fake: FakeXnat) -> None:
    plan = stage(fake, "convert")

    def fault(_request: str, _moment: str) -> None:
        raise ServerError("away", status=401)

    fake.fault = fault
    with pytest.raises(ServerError):
        preflight(fake, SESSION, plan, force=False)


def test_a_command_that_does_not_resolve_is_told_in_the_services_words(fake: FakeXnat) -> None:
    live = fake.commands

    def changed(name: str | None = None) -> Any:
        (found,) = live(name)
        tree = json.loads(json.dumps(found.tree))
        tree["xnat"][0]["derived-inputs"] = [
            {
                "name": "scan",
                "type": "Scan",
                "derived-from-wrapper-input": "session",
                "matcher": "@.modality == 'CT'",
            }
        ]
        return (type(found).of(tree),)

    fake.commands = changed  # type: ignore[method-assign]
    verdict = preflight(fake, SESSION, stage(fake, "convert"), force=False)
    assert verdict.answer == "not launched"
    assert "scan" in verdict.reason


def test_the_very_same_work_is_skipped_unless_forced(fake: FakeXnat) -> None:
    assert answer(fake, "convert") == "already done"
    assert answer(fake, "convert", force=True) == "go"


CHANGES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "another step": lambda raw: raw.update(step="report"),
    "another revision": lambda raw: raw.update(revision=raw["revision"] + 1),
    "another parameter": lambda raw: raw.update(params={"x": 1}),
    "another input": lambda raw: raw.update(inputs={"scan 4": "0"}),
    "a file that is gone": lambda raw: raw["files"].append({"path": "b", "size": 3, "sha256": ""}),
    "a file that was cut": lambda raw: raw["files"][0].update(size=4),
    "a later schema": lambda raw: raw.update(schema=99),
    "no manifest": lambda raw: raw.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_any_difference_means_that_it_is_done_again(fake: FakeXnat, change: Callable[[Any], object]) -> None:
    raw = json.loads(fake.sessions["E0"]["NIFTI"])
    change(raw)
    fake.sessions["E0"]["NIFTI"] = json.dumps(raw)
    assert answer(fake, "convert") == "go"


def test_another_parameter_is_other_work(fake: FakeXnat) -> None:
    fake.write("E0", "bias-field")
    assert answer(fake, "bias-field") == "already done"
    assert answer(fake, "bias-field", shrink=2) == "go"


def test_a_changed_input_manifest_is_other_work(fake: FakeXnat) -> None:
    fake.write("E0", "bias-field")
    fake.sessions["E0"]["NIFTI"] += " "
    assert answer(fake, "bias-field") == "go"


def stale(fake: FakeXnat, label: str) -> tuple[Held, ...]:
    holdings = RemoteHoldings(fake, "E0")
    return stale_files(manifest(holdings, label), holdings.files(label))


def test_a_file_that_no_manifest_lists_is_stale(fake: FakeXnat) -> None:
    assert stale(fake, "NIFTI") == ()
    raw = json.loads(fake.sessions["E0"]["NIFTI"])
    raw["files"] = []
    fake.sessions["E0"]["NIFTI"] = json.dumps(raw)
    assert [file.path for file in stale(fake, "NIFTI")] == ["a"]
    assert stale(fake, "N4") == ()


def test_the_fingerprint_over_rest_is_that_of_the_folder(export: Path, tmp_path: Path) -> None:
    """The step told the folder's fingerprint in its manifest; REST must tell the same one."""
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    (session,) = archive.sessions("P")
    (session.path / "SCANS" / "4" / "DICOM" / ".DS_Store").write_text("hidden")
    (session.path / "SCANS" / "9" / "DICOM").mkdir(parents=True)
    (session.path / "SCANS" / "9" / "secondary").mkdir()
    first = next((session.path / "SCANS" / "4" / "DICOM").glob("*.dcm"))
    shutil.copy(first, session.path / "SCANS" / "9" / "secondary" / "a.dcm")
    (session.path / "SCANS" / "4" / "secondary").mkdir()
    shutil.copy(first, session.path / "SCANS" / "4" / "secondary" / "a.dcm")
    fake = ServedFolder(session.path)
    assert fingerprint(RemoteHoldings(fake, "E0"), ()) == fingerprint(FolderHoldings(session.path), ())
    for label in ("NIFTI", "N4"):
        (session.path / "RESOURCES" / label).mkdir(parents=True)
    (session.path / "RESOURCES" / "N4" / "run.json").write_text("x")
    labels = ("N4", "NIFTI", "NORMALISED")
    assert (
        fingerprint(RemoteHoldings(fake, "E0"), labels)
        == fingerprint(FolderHoldings(session.path), labels)
        != {}
    )
