"""`export-masks` on a server: by a click, by `launch`, in bulk, in its image; faults are told before."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xnat
from pydicom.uid import generate_uid

from sarcoma_core.archive.store import Session
from sarcoma_core.provenance import parse_record
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.steps import export_masks, step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import ServerError, at
from tests.floor.tools import LOGIN, PASSWORD, PROJECT, Site, sarcoma, served
from tests.launch.lying_front import LyingFront, in_front_of
from tests.runners.test_docker import Foreign
from tests.steps.exported import OUT, SCAN, Case, cases, converted_archive, regions_of, told
from tests.xnat.roi_maker import encoded, images_of, seg

KINDS = ("SEG", "RTSTRUCT")
WRAPPER = "sarcoma-export-masks-session"
READER, SECRET = "reader", "the password of a reader"


@pytest.fixture(scope="module")
def masked(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two sessions whose true tumours were brought in; only copy it."""
    converted = converted_archive(cohort, tmp_path_factory.mktemp("converted"))
    folder = tmp_path_factory.mktemp("masked")
    for case in cases(converted, folder, cohort):
        case.draw("GTV_Mass", case.tumour)
        case.bring_in()
    return folder / "archive"


@pytest.fixture
def both(masked: Path, cohort: Path, tmp_path: Path) -> tuple[Case, ...]:
    """Its sessions in a copy for one test."""
    return tuple(cases(masked, tmp_path, cohort))


@pytest.fixture
def site(both: tuple[Case, ...], tmp_path: Path) -> Iterator[Site]:
    """A stand-in that serves them."""
    with served(both[0].archive.root, tmp_path) as found:
        yield found


@pytest.fixture
def client(site: Site) -> Iterator[Any]:
    """The client xnatpy as it is, with a default connection."""
    with xnat.connect(site.connection.server, user=LOGIN, password=PASSWORD) as connected:
        yield connected


def listed(client: Any, session: Session) -> dict[str, str]:
    """Label and type of each collection of a session, as xnatpy sees them."""
    client.clearcache()
    held = client.experiments[session.id].assessors.values()
    assert {one.__xsi_type__ for one in held} <= {"icr:roiCollectionData"}
    return {one.label: one.collection_type for one in held}


def sent_once(case: Case) -> dict[str, str]:
    return {case.label(kind): kind for kind in KINDS}


def test_a_click_puts_collections_that_xnatpy_lists_and_downloads(
    site: Site, both: tuple[Case, ...], client: Any, tmp_path: Path
) -> None:
    case = both[0]
    uri = f"/archive/experiments/{case.session.id}"
    assert site.click(WRAPPER, "session", uri, which="current", objects="both", send="true") == (
        "Complete",
        "",
    )
    assert listed(client, case.session) == sent_once(case)
    assert listed(client, both[1].session) == {}
    for label, kind in sent_once(case).items():
        held = client.experiments[case.session.id].assessors[label]
        (file,) = held.resources[kind].files.values()
        file.download(str(tmp_path / f"{label}.dcm"))
        drawn = regions_of(tmp_path / f"{label}.dcm", case.images())
        np.testing.assert_array_equal(drawn["GTV_Mass"], case.tumour)
    assert site.click(WRAPPER, "session", uri, objects="SEG", send="true")[0] == "Complete"
    assert listed(client, case.session) == sent_once(case)


def test_a_click_that_does_not_send_writes_the_resource_alone(
    site: Site, both: tuple[Case, ...], client: Any
) -> None:
    uri = f"/archive/experiments/{both[0].session.id}"
    assert site.click(WRAPPER, "session", uri, send="false") == ("Complete", "")
    assert listed(client, both[0].session) == {}
    files = client.experiments[both[0].session.id].resources[OUT].files
    assert {Path(file.path).stem for file in files.values()} >= set(sent_once(both[0]))


def test_a_launch_puts_them_and_again_puts_none(site: Site, both: tuple[Case, ...], client: Any) -> None:
    case = both[0]
    for outcome in ("complete", "already done"):
        assert site.outcomes("launch", "export-masks", case.session.label) == {case.session.label: outcome}
        assert listed(client, case.session) == sent_once(case)
    said = sarcoma("xnat", "roi", "list", "--project", PROJECT, "-o", "json", **site.variables)
    rows = {row["label"]: (row["type"], row["reader"]) for row in json.loads(said.out)}
    assert rows == {label: (kind, LOGIN) for label, kind in sent_once(case).items()}
    forced = site.xnat("launch", "export-masks", case.session.label, "--force")
    assert [row["outcome"] for row in forced.rows] == ["complete"]
    assert listed(client, case.session) == sent_once(case)
    assert site.launches() == Counter({(WRAPPER, case.session.id): 2})


def test_bulk_puts_those_of_every_session_once(site: Site, both: tuple[Case, ...], client: Any) -> None:
    for outcome in ("complete", "already done"):
        found = site.outcomes("bulk", "export-masks")
        assert found == {case.session.label: outcome for case in both}
        for case in both:
            assert listed(client, case.session) == sent_once(case)
    assert site.launches().total() == 2


def test_what_comes_in_again_is_nothing_new_and_what_is_drawn_anew_goes_out(
    site: Site, both: tuple[Case, ...], client: Any
) -> None:
    case = both[0]
    for moved, versions in ((0, 1), (1, 2)):
        case.draw("GTV_Mass", np.roll(case.tumour, moved, 0))
        case.bring_in()
        # what was sent is no drawing: there is nothing to bring in
        for step, outcome in (("export-masks", "complete"), ("import-masks", "already done")):
            assert site.outcomes("launch", step, case.session.label) == {case.session.label: outcome}
        assert [one.version for one in case.masks.versions] == list(range(1, versions + 1))
    more = {f"{label}_v2": kind for label, kind in sent_once(case).items()}
    assert listed(client, case.session) == sent_once(case) | more


@pytest.mark.docker
def test_in_its_image_it_puts_the_same(both: tuple[Case, ...], tmp_path: Path) -> None:
    """Under a user that no image has; on this machine's own network, as the stand-in listens on loopback."""
    runner = Foreign()
    runner._network = "host"
    with served(both[0].archive.root, tmp_path, runner) as site:
        label = both[0].session.label
        assert site.outcomes("launch", "export-masks", label) == {label: "complete"}
        path = f"experiments/{both[0].session.id}/resources/{OUT}/files/run.json"
        record = parse_record(site.file(path), OUT)
        assert record.image == command_for(step_named("export-masks")).image
        variables = site.variables
        with xnat.connect(variables["XNAT_HOST"], user=LOGIN, password=PASSWORD) as client:
            assert listed(client, both[0].session) == sent_once(both[0])
    for kind in KINDS:
        np.testing.assert_array_equal(both[0].drawn(both[0].label(kind))["GTV_Mass"], both[0].tumour)


@dataclass(frozen=True)
class Launched:
    """The step as a server launches it, on a copy of a session: there is no archive around it."""

    site: Site
    front: LyingFront
    case: Case
    folder: Path
    patch: pytest.MonkeyPatch

    def run(self, login: str = LOGIN, password: str = PASSWORD) -> tuple[str, str]:
        """Run it; gives status and reason of the series that has masks."""
        variables = {"XNAT_HOST": self.front.url, "XNAT_USER": login, "XNAT_PASS": password}
        for name, value in variables.items():
            self.patch.setenv(name, value)
        out = self.folder / "made"
        shutil.rmtree(out, ignore_errors=True)
        target = f"/archive/experiments/{self.case.session.id}"
        try:
            (record,) = run_step(export_masks.STEP, self.folder / "mount", out, {}, target=target)
        except NothingUsableError as error:  # all was refused
            (outcome,) = error.outcomes
            return outcome.status, outcome.reason
        return told(record)

    @property
    def made(self) -> bool:
        return (self.folder / "made" / OUT).exists()


@pytest.fixture
def launched(
    site: Site, both: tuple[Case, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Launched]:
    shutil.copytree(both[0].path, tmp_path / "mount")
    with in_front_of(site.connection.server) as front:
        yield Launched(site, front, both[0], tmp_path, monkeypatch)


def _of_petmr(session: Session) -> Session:
    return replace(session, declared_type="xnat:petmrSessionData")


def _of_another_study(session: Session) -> Session:
    return replace(session, study_uid=generate_uid())


def _without_the_series(session: Session) -> Session:
    scans = (replace(scan, uid=generate_uid()) if scan.id == SCAN else scan for scan in session.scans)
    return replace(session, scans=tuple(scans))


RULES = {
    "modality": (_of_petmr, "422: Collection type {} not supported for modality PETMR"),
    "study": (_of_another_study, "422: Missing dependencies: study UID"),
    "series": (_without_the_series, "422: Missing dependencies: series UID"),
}


@pytest.mark.parametrize(("change", "words"), RULES.values(), ids=RULES.keys())
def test_what_the_plugin_would_refuse_is_told_and_nothing_is_sent(
    launched: Launched, change: Callable[[Session], Session], words: str
) -> None:
    launched.site.archive.write(change(launched.case.session))
    status, reason = launched.run()
    assert status == "refused"
    for kind in KINDS:
        said = f"{kind} refused: ROI collection: must satisfy the OHIF plugin; it answers "
        assert said + words.format(kind) in reason
    assert launched.front.passed
    assert launched.front.written == []


def test_who_may_only_read_is_told_and_nothing_is_sent(launched: Launched) -> None:
    standin = launched.site.standin
    standin.users.add(READER, SECRET)
    set_member(standin.documents, PROJECT, READER, "Collaborators")
    status, reason = launched.run(READER, SECRET)
    assert status == "refused"
    right = "User reader does not have create permission for xnat:mrSessionData/project"
    assert reason.count(f"it answers 403: {right}") == 2
    assert launched.front.written == []


def test_a_label_of_another_session_is_not_even_tried(
    launched: Launched, both: tuple[Case, ...], client: Any
) -> None:
    case, other = both
    path = at("xapi", "roi", "projects", PROJECT, "sessions", other.session.id, "collections")
    content = encoded(seg(images_of(other.path, SCAN)))
    launched.site.connection.put(
        f"{path}/{case.label('SEG')}",
        data=content,
        query={"type": "SEG"},
        content_type="application/octet-stream",
    )
    launched.run()
    expected = [f"{case.label('SEG')}_v2", case.label("RTSTRUCT")]
    assert launched.front.uploads == [(label, 200) for label in expected]
    assert set(listed(client, case.session)) == set(expected)


def test_a_500_of_what_is_stored_all_the_same_counts_as_stored(launched: Launched, client: Any) -> None:
    case = launched.case
    launched.front.lies = ["", "500"]
    status, reason = launched.run()
    assert (status, "refused" in reason) == ("done", False)
    assert f"RTSTRUCT sent as {case.label('RTSTRUCT')}: tumour v1" in reason
    again = "; ".join(f"{kind} there already as {case.label(kind)}: tumour v1" for kind in KINDS)
    assert launched.run() == ("done", again)
    assert launched.front.uploads == [(case.label(kind), 200) for kind in KINDS]
    assert listed(client, case.session) == sent_once(case)


def test_an_answer_that_gets_lost_makes_no_second_collection(launched: Launched, client: Any) -> None:
    case = launched.case
    launched.front.lies = ["nothing"]
    with pytest.raises(ServerError):
        launched.run()
    assert not launched.made
    _, reason = launched.run()
    assert reason.startswith(f"SEG there already as {case.label('SEG')}: tumour v1; RTSTRUCT sent as")
    assert listed(client, case.session) == sent_once(case)
    assert sorted(label for label, _ in launched.front.uploads) == sorted(sent_once(case))


def test_where_an_upload_fails_for_good_nothing_is_told_to_be_there(launched: Launched, client: Any) -> None:
    """The server took neither: what it answers is told, and the object is not called sent."""
    launched.front.lies = ["500 unstored", "500 unstored"]
    status, reason = launched.run()
    assert status == "refused"
    assert reason.count("it answers 500: AIM conversion failed") == 2
    assert listed(client, launched.case.session) == {}
