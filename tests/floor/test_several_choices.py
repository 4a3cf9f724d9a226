"""Several choices as a parameter: a step is given the same by each way, and knows it for the same work."""

import json
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import UsageError
from sarcoma_core.generate import docs_page
from sarcoma_core.launch.chain import RunPlan, SessionResult, run_chain
from sarcoma_core.launch.step_settings import set_options, settings_of
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.provenance import RunRecord, read_record
from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.runners.running import Runner
from tests.floor.images import build
from tests.floor.steps import SCAN
from tests.floor.tools import PROJECT, Site, local, sarcoma, told
from tests.launch.test_chain import Silent

pytestmark = pytest.mark.usefixtures("known")

NAME = SCAN.name
Place = tuple[Session, str]
"""A scan of a session."""


def folder(place: Place) -> Path:
    session, scan = place
    return session.path / "SCANS" / scan / "FLOOR_SCAN"


def record(place: Place) -> RunRecord:
    found = read_record(folder(place))
    assert found
    return found


def run(archive: Archive, place: Place, runner: Runner, *words: str) -> SessionResult:
    """The step on one scan of an archive."""
    session, scan = place
    plan = RunPlan(NAME, PROJECT, settings_of((NAME,), words))
    (result,) = run_chain(archive, plan, targets_of((session,), scan), runner=runner, watch=Silent())
    return result


def by_page(site: Site, place: Place) -> None:
    uri = f"/archive/experiments/{place[0].id}/scans/{place[1]}"
    ended = site.click("sarcoma-floor-scan-scan", "scan", uri, tell='["files","bytes"]')
    assert ended == ("Complete", "")


def by_launch(site: Site, place: Place) -> None:
    words = (place[0].label, "--scan", place[1], "--set", "tell=bytes,files")
    assert set(site.outcomes("launch", NAME, *words).values()) == {"complete"}


def by_bulk(site: Site, place: Place) -> None:
    words = (
        "--where",
        f"label={place[0].label}",
        "--scan",
        place[1],
        "--set",
        f"{NAME}.tell= files , bytes ",
    )
    assert set(site.outcomes("bulk", NAME, *words).values()) == {"complete"}


def by_run(site: Site, place: Place) -> None:
    assert not run(site.archive, place, local(), "tell=bytes,files,bytes").failed


WAYS: Mapping[str, Callable[[Site, Place], None]] = {
    "page": by_page,
    "launch": by_launch,
    "bulk": by_bulk,
    "run": by_run,
}


def test_the_step_is_given_the_same_by_each_way_and_each_knows_what_the_others_did(site: Site) -> None:
    places = [(session, scan.id) for session in site.sessions for scan in session.scans]
    for way, place in zip(WAYS.values(), places, strict=True):
        way(site, place)
        made = told(folder(place))
        assert list(made) == ["files", "bytes"]
        dicom = [path for path in (folder(place).parent / "DICOM").iterdir() if path.suffix == ".dcm"]
        assert made["bytes"] == sum(path.stat().st_size for path in dicom)
        assert record(place).params == {"tell": "files,bytes"}
    for words in ("tell=files,bytes", "tell=bytes,files"):
        assert set(site.outcomes("bulk", NAME, "--set", words).values()) == {"already done"}
    for place in places:
        assert run(site.archive, place, local(), "tell=bytes,files").runs[-1].outcome == "already done"
    assert set(site.outcomes("bulk", NAME).values()) == {"complete"}
    assert {tuple(told(folder(place))) for place in places} == {("scan", "files")}


def test_by_the_step_s_own_command_line_too(archive: Archive, tmp_path: Path) -> None:
    session = archive.sessions(PROJECT)[0]
    uri = f"experiments/{session.id}/scans/{session.scans[0].id}"
    for words, keys in (((), ["scan", "files"]), (("--tell", "bytes, scan"), ["scan", "bytes"])):
        out = tmp_path / "-".join(keys)
        said = sarcoma("step", NAME, "--session", session.path, "--out", out, "--object", uri, *words)
        assert said.code == 0, said.err
        assert list(told(out / "FLOOR_SCAN")) == keys
        assert json.loads((out / "FLOOR_SCAN" / "run.json").read_text())["params"] == {"tell": ",".join(keys)}


@pytest.mark.parametrize("sent", ["[]", '["names"]'])
def test_none_of_the_choices_fails_on_the_server_and_says_which_there_are(site: Site, sent: str) -> None:
    session = site.sessions[0]
    uri = f"/archive/experiments/{session.id}/scans/{session.scans[0].id}"
    status, reason = site.click("sarcoma-floor-scan-scan", "scan", uri, tell=sent)
    assert status == "Failed"
    assert "--tell: must be one or more of scan, files, bytes; found" in reason
    assert not list(site.archive.root.rglob("FLOOR_SCAN"))


@pytest.mark.parametrize("verb", ["launch", "bulk"])
def test_none_of_the_choices_is_refused_before_anything_is_launched(site: Site, verb: str) -> None:
    session = site.sessions[0]
    which = (session.label, "--scan", session.scans[0].id) if verb == "launch" else ()
    for text in ("tell=", "tell=files,names", "tell=files;bytes"):
        said = site.xnat(verb, NAME, *which, "--set", text)
        assert (said.code, said.out) == (2, "")
        *_, hint, error = said.err.splitlines()
        assert f"--set {text}: must be one or more of scan, files, bytes; found" in error
        assert "Write several with commas between: scan,files,bytes" in hint
    assert site.launches().total() == 0


def test_what_was_set_is_written_again_and_read_as_the_same() -> None:
    settings = settings_of((NAME,), ["tell=bytes, scan"])
    assert settings == {NAME: {"tell": "scan,bytes"}}
    words = set_options(settings)
    assert words == ("--set", f"{NAME}.tell=scan,bytes")
    assert settings_of((NAME,), shlex.split(shlex.join(words))[1::2]) == settings
    with pytest.raises(UsageError, match="must be one or more of"):
        settings_of((NAME,), ["tell=scan,names"])


def test_its_page_of_the_documentation_tells_them() -> None:
    row = "| `--tell` | choices | one or more of scan, files, bytes | scan,files | what is told |"
    assert row in docs_page(SCAN).splitlines()


@pytest.mark.docker
def test_in_a_real_image_the_step_is_given_the_same(
    archive: Archive, floor_import: Path, tmp_path: Path
) -> None:
    build((SCAN,))
    here = Archive(Path(shutil.copytree(floor_import, tmp_path / "here")))
    made = []
    for owner, runner in ((archive, DockerRunner()), (here, local())):
        session = owner.sessions(PROJECT)[0]
        place = (session, session.scans[0].id)
        assert not run(owner, place, runner, "tell=bytes,files").failed
        made.append((folder(place) / "told.json").read_bytes())
        assert record(place).params == {"tell": "files,bytes"}
    assert made[0] == made[1]
