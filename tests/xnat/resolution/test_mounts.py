"""Truths: the words of ``CommandResolutionServiceImpl.getXnatModelObjectForMounting`` and its callers."""

from pathlib import Path

import pytest

from sarcoma_core.xnat.resolution.objects import XnatObject, from_json, session_object
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.xnat.launches import SESSION, Json, command, derived, small_archive

FEEDS: Json = {"provides-files-for-command-mount": "in"}


@pytest.fixture
def session(tmp_path: Path) -> XnatObject:
    return session_object(small_archive(tmp_path).session("STS", "S1"))


def mounted(session: XnatObject, *inputs: Json, external: Json = SESSION) -> ResolvedCommand:
    mounts = [{"name": "in", "path": "/input"}]
    return resolve(
        command(mounts=mounts, **{"external-inputs": [external], "derived-inputs": list(inputs)}),
        None,
        session,
        {},
    )


def test_a_scan_a_resource_an_assessor_and_a_file_are_mounted_as_they_lie(
    session: XnatObject, tmp_path: Path
) -> None:
    folder = tmp_path / "STS/arc001/S1"
    places = {
        "SCANS/4": [derived("x", "Scan", matcher="@.id == 4", **FEEDS)],
        "RESOURCES/NIFTI": [derived("x", "Resource", **FEEDS)],
        "ASSESSORS/SEG-1": [derived("x", "Assessor", **FEEDS)],
        "RESOURCES/NIFTI/4/volume.nii.gz": [
            derived("r", "Resource"),
            derived("x", "File", "r", **FEEDS),
        ],
    }
    for place, inputs in places.items():
        assert mounted(session, *inputs).mounts[0].source == folder / place


def test_the_last_of_two_inputs_that_feed_one_mount_counts(session: XnatObject, tmp_path: Path) -> None:
    external = {**SESSION, **FEEDS}
    found = mounted(session, derived("r", "Resource", **FEEDS), external=external)
    assert found.mounts[0].source == tmp_path / "STS/arc001/S1/RESOURCES/NIFTI"


@pytest.mark.parametrize(
    ("kind", "java"), [("Subject", "SUBJECT"), ("Directory", "DIRECTORY"), ("File[]", "FILES")]
)
def test_some_types_cannot_be_mounted(session: XnatObject, kind: str, java: str) -> None:
    parent = "session" if kind == "Subject" else "r"
    with pytest.raises(ResolutionError) as caught:
        mounted(session, derived("r", "Resource"), derived("x", kind, parent, **FEEDS))
    told = f'I don\'t know how to provide files to a mount from an input of type "{java}".'
    assert caught.value.message == told


def test_an_input_without_a_folder_or_without_a_value_cannot_be_mounted(session: XnatObject) -> None:
    bare = from_json({"type": "Session", "id": "1", "uri": "/x"})
    with pytest.raises(ResolutionError, match=r'Mount "in" should have a root path but does not\.'):
        mounted(bare, external={**SESSION, **FEEDS})
    absent = derived("r", "Resource", matcher="@.label == 'N4'", required=False, **FEEDS)
    with pytest.raises(ResolutionError, match='Input "r" has no value to mount'):
        mounted(session, absent)
    picky = {**SESSION, **FEEDS, "matcher": "@.label == 'S9'", "required": False}
    with pytest.raises(ResolutionError, match=r"'s XnatModelObject value is null$"):
        mounted(session, external=picky)


def test_several_values_cannot_be_mounted(session: XnatObject) -> None:
    with pytest.raises(ResolutionError, match=r'Input "x" has multiple resolved values\. We can only use'):
        mounted(session, derived("x", "Scan", required=False, **FEEDS))
