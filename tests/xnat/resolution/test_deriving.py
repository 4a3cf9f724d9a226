"""Truths: the words and the tables of ``CommandResolutionServiceImpl.resolveDerivedWrapperInput``."""

from pathlib import Path

import pytest

from sarcoma_core.xnat.resolution.objects import XnatObject, from_json, session_object
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError, ResolutionError
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.xnat.launches import SESSION, Json, command, derived, refusal, small_archive, value


@pytest.fixture
def session(tmp_path: Path) -> XnatObject:
    return session_object(small_archive(tmp_path).session("STS", "S1"))


def one(session: XnatObject, *inputs: Json, **values: str) -> ResolvedCommand:
    return resolve(
        command(**{"external-inputs": [SESSION], "derived-inputs": list(inputs)}), None, session, values
    )


@pytest.mark.parametrize("chosen", ["/archive/experiments/SARCOMA_E1/scans/4", "4"])
def test_a_scan_is_chosen_by_uri_or_id(session: XnatObject, chosen: str) -> None:
    assert value(one(session, derived("scan", "Scan"), scan=chosen), "scan") == session.below["scans"][0].uri


def test_a_scan_is_not_chosen_by_its_label(session: XnatObject) -> None:
    with pytest.raises(ResolutionError, match="could not be resolved for this item"):
        one(session, derived("scan", "Scan"), scan="4 - AX T2 fs")


def test_a_resource_is_chosen_by_label(session: XnatObject) -> None:
    found = one(session, derived("scan", "Scan"), derived("r", "Resource", "scan"), scan="12", r="secondary")
    assert value(found, "r") == "/archive/experiments/SARCOMA_E1/scans/12/resources/secondary"


def test_a_property_takes_the_place_of_the_uri(session: XnatObject) -> None:
    scan = derived("scan", "Scan", **{"derived-from-xnat-object-property": "scan-type"})
    assert value(one(session, scan, scan="12"), "scan") == "PET AC"


@pytest.mark.parametrize(
    ("kind", "parent", "uri"),
    [
        ("Project", "session", "/archive/projects/STS"),
        ("Subject", "session", "/archive/subjects/P01"),
        ("Session", "scan", "/archive/experiments/SARCOMA_E1"),
        ("Project", "scan", "/archive/projects/STS"),
        ("Session", "assessor", "/archive/experiments/SARCOMA_E1"),
    ],
)
def test_what_an_object_belongs_to_can_be_derived(
    session: XnatObject, kind: str, parent: str, uri: str
) -> None:
    found = one(
        session,
        derived("scan", "Scan"),
        derived("assessor", "Assessor"),
        derived("above", kind, parent),
        scan="4",
    )
    assert value(found, "above") == uri


def test_what_an_object_on_its_own_belongs_to_is_not_known() -> None:
    alone = from_json({"type": "Session", "id": "1", "uri": "/archive/experiments/1"})
    with pytest.raises(NotEvaluatedError, match="its Project must be known to derive it"):
        one(alone, derived("project", "Project"))


def test_the_folder_of_a_resource_and_the_path_of_a_file_can_be_derived(
    session: XnatObject, tmp_path: Path
) -> None:
    found = one(
        session,
        derived("r", "Resource"),
        derived("folder", "Directory", "r"),
        derived("file", "File", "r"),
        derived("path", "string", "file", **{"derived-from-xnat-object-property": "path"}),
    )
    folder = tmp_path / "STS/arc001/S1/RESOURCES/NIFTI"
    assert value(found, "folder") == str(folder)
    assert value(found, "path") == str(folder / "4/volume.nii.gz")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("boolean", {}),
        ("number", {"derived-from-xnat-object-property": "frames"}),
        ("Config", {}),
        ("string", {}),
        ("string", {"derived-from-xnat-object-property": "label", "matcher": "@.label == 'S1'"}),
        ("Subject", {"derived-from-wrapper-input": "resource"}),
    ],
)
def test_what_the_service_cannot_derive_has_no_value(session: XnatObject, kind: str, more: Json) -> None:
    with pytest.raises(ResolutionError, match=f"confirm that this item has {kind} data"):
        one(session, derived("resource", "Resource"), {**derived("x", kind), **more})


def test_one_of_several_has_to_be_chosen(session: XnatObject) -> None:
    with pytest.raises(ResolutionError) as caught:
        one(session, derived("scan", "Scan"))
    assert caught.value.message == (
        'Input "scan"  does not have a unique, resolved value and multiple = true is not set in command.json.'
    )


def test_nothing_found_is_no_error_where_nothing_is_required(session: XnatObject) -> None:
    found = resolve(
        command(
            **{
                "command-line": "run #id# end",
                "inputs": [{"name": "id"}],
                "external-inputs": [SESSION],
                "derived-inputs": [
                    derived(
                        "scan",
                        "Scan",
                        required=False,
                        matcher="@.modality == 'CT'",
                        **{"provides-value-for-command-input": "id"},
                    )
                ],
            }
        ),
        None,
        session,
        {},
    )
    assert found.command_line == "run  end"


def test_a_multiple_input_takes_the_scans_that_are_chosen(session: XnatObject) -> None:
    parts: Json = {
        "command-line": "#ids#",
        "inputs": [{"name": "ids", "multiple-delimiter": "comma"}],
        "external-inputs": [SESSION],
        "derived-inputs": [
            derived(
                "scan",
                "Scan",
                multiple=True,
                **{
                    "provides-value-for-command-input": "ids",
                    "derived-from-xnat-object-property": "id",
                },
            )
        ],
    }
    assert resolve(command(**parts), None, session, {}).command_line == "4,12"
    assert resolve(command(**parts), None, session, {"scan": '["12"]'}).command_line == "12"
    assert (
        resolve(command(**parts), None, session, {"scan": session.below["scans"][1].uri}).command_line == "12"
    )


def test_a_multiple_input_without_any_value_is_refused_when_it_is_required(session: XnatObject) -> None:
    many = derived("scan", "Scan", multiple=True, matcher="@.modality == 'CT'")
    many["provides-value-for-command-input"] = "ids"
    none = command(inputs=[{"name": "ids"}], **{"external-inputs": [SESSION], "derived-inputs": [many]})
    assert refusal(none, session) == "scan must have precisely one command input child element"


def test_a_parent_that_comes_later_is_not_found(session: XnatObject) -> None:
    with pytest.raises(ResolutionError, match="Are the inputs out of order"):
        one(session, derived("r", "Resource", "scan"), derived("scan", "Scan"))


def test_a_parser_is_not_evaluated_offline(session: XnatObject) -> None:
    label = derived("label", "string", parser="//x", **{"derived-from-xnat-object-property": "label"})
    with pytest.raises(NotEvaluatedError, match="parser"):
        one(session, label)


def test_nothing_is_derived_from_a_plain_text() -> None:
    label = derived("label", "string", "text", **{"derived-from-xnat-object-property": "label"})
    plain = command(**{"external-inputs": [{"name": "text"}], "derived-inputs": [label]})
    with pytest.raises(ResolutionError, match=r'^Input "label" could not be resolved for this item'):
        resolve(plain, None, None, {"text": "S1"})
