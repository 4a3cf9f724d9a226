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


def test_an_input_without_a_folder_or_without_an_object_cannot_be_mounted(session: XnatObject) -> None:
    bare = from_json({"type": "Session", "id": "1", "uri": "/x"})
    with pytest.raises(ResolutionError, match=r'Mount "in" should have a root path but does not\.'):
        mounted(bare, external={**SESSION, **FEEDS})
    picky = {**SESSION, **FEEDS, "matcher": "@.label == 'S9'", "required": False}
    with pytest.raises(ResolutionError, match=r"'s XnatModelObject value is null$"):
        mounted(session, external=picky)


@pytest.mark.parametrize("matcher", ["@.id == 'none'", ""], ids=["no match", "several matches"])
def test_an_optional_input_without_exactly_one_value_mounts_an_empty_build_folder(
    session: XnatObject, matcher: str
) -> None:
    optional = derived("x", "Scan", required=False, matcher=matcher, **FEEDS)
    assert mounted(session, optional).mounts == mounted(session).mounts
    (mount,) = mounted(session, optional).mounts
    assert (mount.source, mount.writable, mount.copied) == (None, True, False)


@pytest.mark.parametrize(
    ("matcher", "told"),
    [("@.id == 'none'", "could not be resolved for this item"), ("", "does not have a unique")],
)
def test_a_required_input_without_exactly_one_value_is_refused_before_it_is_mounted(
    session: XnatObject, matcher: str, told: str
) -> None:
    with pytest.raises(ResolutionError, match=told):
        mounted(session, derived("x", "Scan", matcher=matcher, **FEEDS))


def test_a_resource_of_the_project_is_mounted_and_chosen_by_uri_or_label_among_several(
    tmp_path: Path,
) -> None:
    archive = small_archive(tmp_path)
    for label in ("MODEL_A", "MODEL_B", "COHORT"):
        place = archive.resources_path("STS") / label / "weights.bin"
        place.parent.mkdir(parents=True)
        place.write_bytes(b"1")
    inputs = [
        derived("project", "Project"),
        derived("model", "Resource", "project", matcher="@.label =~ /MODEL_.*/", **FEEDS),
    ]
    launched_on = session_object(archive.session("STS", "S1"))
    command_of = command(
        mounts=[{"name": "in", "path": "/assets/model"}],
        **{"external-inputs": [SESSION], "derived-inputs": inputs},
    )
    for chosen in ("/archive/projects/STS/resources/MODEL_B", "MODEL_B"):
        (mount,) = resolve(command_of, None, launched_on, {"model": chosen}).mounts
        assert (mount.source, mount.writable) == (archive.resources_path("STS") / "MODEL_B", False)
    with pytest.raises(ResolutionError, match="could not be resolved for this item"):
        resolve(command_of, None, launched_on, {"model": "COHORT"})
