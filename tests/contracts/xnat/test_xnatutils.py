"""What `xnatutils` asks of a server, through its public functions only."""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xnat

from tests.contracts.xnat.conftest import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports, not of what it does
    import xnatutils


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Any]:
    with xnat.connect(server.url, user=server.user, password=server.password) as connected:
        yield connected


@pytest.fixture
def uploaded(connection: Any, project: str, tmp_path: Path) -> Path:
    """A folder that was put into a new session."""
    connection.clearcache()
    source = tmp_path / "source"
    source.mkdir()
    (source / "image one.nii").write_bytes(b"image")
    (source / "image.json").write_bytes(b"{}")
    xnatutils.put(
        f"{project}_S1_MR01",
        "t1_post",
        str(source),
        create_session=True,
        resource_name="NIFTI",
        project_id=project,
        subject_id=f"{project}_S1",
        connection=connection,
    )
    connection.clearcache()
    return source


def test_it_logs_in_by_itself(server: Server, project: str) -> None:
    found = xnatutils.ls(
        server=server.url, user=server.user, password=server.password, use_netrc=False, datatype="project"
    )
    assert project in found


def test_what_is_put_is_verified_by_its_digests_and_got_again(
    connection: Any, project: str, uploaded: Path, tmp_path: Path
) -> None:
    target = tmp_path / "down"
    target.mkdir()
    xnatutils.get(f"{project}_S1_MR01", str(target), connection=connection)
    found = {path.name: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == {path.name: path.read_bytes() for path in uploaded.iterdir()}


@pytest.mark.parametrize("method", ["per_file", "tgz_file"])
def test_every_way_to_put_brings_every_file(
    connection: Any, project: str, uploaded: Path, method: str
) -> None:
    xnatutils.put(
        f"{project}_S1_MR01",
        "t2",
        str(uploaded),
        resource_name="NIFTI",
        method=method,
        connection=connection,
    )
    connection.clearcache()
    session = connection.projects[project].experiments[f"{project}_S1_MR01"]
    resource = session.scans["t2"].resources["NIFTI"]
    digests = {file.digest for file in resource.files.values()}
    wanted = (path.read_bytes() for path in uploaded.iterdir())
    assert digests == {hashlib.md5(data, usedforsecurity=False).hexdigest() for data in wanted}


@pytest.mark.usefixtures("uploaded")
def test_a_scan_is_overwritten_when_told_to(connection: Any, project: str, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "image.json").write_bytes(b"[]")
    label = f"{project}_S1_MR01"
    xnatutils.put(label, "t1_post", str(newer), overwrite=True, resource_name="NIFTI", connection=connection)
    connection.clearcache()
    scan = connection.projects[project].experiments[label].scans["t1_post"]
    assert [file.path for file in scan.resources["NIFTI"].files.values()] == ["image.json"]


@pytest.mark.usefixtures("uploaded")
def test_listings_of_each_level(connection: Any, project: str) -> None:
    label = f"{project}_S1_MR01"
    assert project in xnatutils.ls(datatype="project", connection=connection)
    assert xnatutils.ls(project_id=project, datatype="subject", connection=connection) == [f"{project}_S1"]
    assert xnatutils.ls(project_id=project, datatype="session", connection=connection) == [label]
    assert xnatutils.ls(label, datatype="scan", connection=connection) == ["t1_post"]


@pytest.mark.usefixtures("uploaded")
def test_a_variable_is_put_and_got(connection: Any, project: str) -> None:
    label = f"{project}_S1_MR01"
    xnatutils.varput(label, "grade", "G2", connection=connection)
    connection.clearcache()
    assert xnatutils.varget(label, "grade", connection=connection) == "G2"


@pytest.mark.usefixtures("uploaded")
def test_a_session_is_renamed(connection: Any, project: str) -> None:
    label = f"{project}_S1_MR01"
    xnatutils.rename(label, f"{label}b", connection=connection)
    connection.clearcache()
    held = connection.projects[project].experiments
    assert f"{label}b" in held.key_map
    assert label not in held.key_map


def test_putting_dicom_tells_the_session_its_date_and_uid(
    connection: Any, project: str, cohort: Path, tmp_path: Path
) -> None:
    connection.clearcache()
    series = next(iter(sorted(cohort.rglob("SE000004"))))
    source = tmp_path / "dicom"
    source.mkdir()
    for path in series.iterdir():
        (source / f"{path.stem}.dcm").write_bytes(path.read_bytes())
    label = f"{project}_S2_MR01"
    xnatutils.put(
        label,
        "4",
        str(source),
        create_session=True,
        resource_name="DICOM",
        project_id=project,
        subject_id=f"{project}_S2",
        connection=connection,
    )
    connection.clearcache()
    session = connection.projects[project].experiments[label]
    header = session.scans["4"].read_dicom()
    assert session.uid == header.StudyInstanceUID
    assert session.scans["4"].uid == header.SeriesInstanceUID
    assert session.date.strftime("%Y%m%d") == header.StudyDate
