"""Truths: the expectations of the service's own `CommandResolutionTest`, and the words of its source."""

import json
from pathlib import Path

import pytest

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.resolution.objects import XnatObject, from_json, project_object, session_object
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError, ResolutionError
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.xnat.launches import SESSION, Json, command, derived, refusal, small_archive, value


@pytest.fixture
def session(tmp_path: Path) -> XnatObject:
    return session_object(small_archive(tmp_path).session("STS", "S1"))


@pytest.fixture
def project(tmp_path: Path) -> XnatObject:
    return project_object(small_archive(tmp_path), "STS")


class TestTheServicesOwnTests:
    @pytest.fixture
    def folder(self, data: Path) -> Path:
        return data / "command_json/cs-tests/commandResolutionTest"

    def launch(self, folder: Path, file: str, wrapper: str, on: str = "", **values: str) -> ResolvedCommand:
        read = Command.from_json(json.loads((folder / file).read_text(encoding="utf-8")))
        root = from_json(json.loads((folder / on).read_text(encoding="utf-8"))) if on else None
        return resolve(read, wrapper, root, values)

    SCANS = ("/experiments/session1/scans/scan1", "/experiments/session1/scans/scan2")

    @pytest.mark.parametrize(
        ("wrapper", "on", "wrapper_values", "command_values"),
        [
            (
                "session-scan-resource",
                "testSessionScanResource/session.json",
                {
                    "T1-scantype": '"SCANTYPE", "OTHER_SCANTYPE"',
                    "session": "/experiments/session1",
                    "scan": "/experiments/session1/scans/scan1",
                    "dicom": "/experiments/session1/scans/scan1/resources/0",
                    "scan-id": "scan1",
                    "frames": "12",
                    "series-description": "great!",
                    "modality": "super!",
                    "quality": "the best!",
                    "note": "I love it - me",
                },
                {"whatever": "scan1", "file-path": None},
            ),
            (
                "scan-resource-file",
                "testResourceFile/scan.json",
                {
                    "a-scan": "/scans/0",
                    "a-resource": "/scans/0/resources/0",
                    "a-file": "/scans/0/resources/0/files/file.file",
                    "a-file-path": "change this at runtime",
                    "scan-id": "0",
                },
                {"file-path": "change this at runtime", "whatever": "0"},
            ),
            (
                "project",
                "testProject/project.json",
                {"project": "/projects/aProject", "project-label": "aProject"},
                {"whatever": "aProject", "file-path": None},
            ),
            (
                "project-subject",
                "testProjectSubject/project.json",
                {
                    "project": "/projects/aProject",
                    "subject": "/projects/aProject/subjects/aSubject",
                    "project-label": "aProject",
                },
                {"whatever": "aProject", "file-path": None},
            ),
            (
                "session-assessor",
                "testSessionAssessor/session.json",
                {
                    "session": "/experiments/aSession",
                    "assessor": "/experiments/aSession/assessors/anAssessor",
                    "assessor-label": "anAssessor",
                },
                {"whatever": "anAssessor", "file-path": None},
            ),
            (
                "session-scan-mult",
                "testSessionScanMult/session.json",
                {
                    "session": "/experiments/session1",
                    "T1-scantype": '"SCANTYPE", "OTHER_SCANTYPE"',
                    "scan": "scan1, scan2",
                },
                {"whatever": "scan1 scan2", "file-path": None},
            ),
            (
                "session-scan-mult-uri",
                "testSessionScanMult/session.json",
                {
                    "session": "/experiments/session1",
                    "T1-scantype": '"SCANTYPE", "OTHER_SCANTYPE"',
                    "scan": ", ".join(SCANS),
                },
                {"whatever": " ".join(SCANS), "file-path": None},
            ),
        ],
    )
    def test_inputs_take_the_values_that_the_service_expects(
        self, folder: Path, wrapper: str, on: str, wrapper_values: Json, command_values: Json
    ) -> None:
        found = self.launch(folder, "command.json", wrapper, on)
        rows = found.rows()
        assert {row.name: row.value for row in rows if row.role != "command"} == wrapper_values
        assert {row.name: row.value for row in rows if row.role == "command"} == command_values
        assert found.command_line == "echo hello world"
        assert (found.environment, found.mounts, found.ports, found.outputs) == ({}, (), {}, ())

    def test_a_required_value_has_to_be_given(self, folder: Path) -> None:
        given = {"REQUIRED_WITH_FLAG": "foo", "REQUIRED_NO_FLAG": "bar"}
        found = self.launch(folder, "params-command.json", "blank-wrapper", **given)
        assert found.command_line == "echo bar --flag foo "
        with pytest.raises(ResolutionError) as caught:
            self.launch(folder, "params-command.json", "blank-wrapper")
        told = "Missing values for required inputs: REQUIRED_NO_FLAG, REQUIRED_WITH_FLAG."
        assert caught.value.message == told

    def test_several_values_stand_on_the_line_by_their_delimiter(self, folder: Path) -> None:
        found = self.launch(folder, "multi-command.json", "multiple", "testSessionScanMult/session.json")
        assert found.command_line == (
            "echo --flag=scan1 --flag=scan2 --flag scan1 --flag scan2 'scan1 scan2' --flag='scan1 scan2' "
            "scan1,scan2 scan1 scan2 scan1 scan2 -alt scan1,scan2"
        )
        assert found.arguments[7:10] == ("scan1 scan2", "--flag=scan1 scan2", "scan1,scan2")

    def test_selected_values_stand_on_the_line_by_their_delimiter(self, folder: Path) -> None:
        assert self.launch(folder, "select-command.json", "multiple").command_line == (
            "echo --flag=scan1 --flag=scan2 --flag scan1 --flag scan2 'scan1 scan2' scan1,scan2 scan1 scan2 "
            "scan1"
        )

    @pytest.mark.parametrize("illegal", [";", "&&", "||", "`", "("])
    def test_an_illegal_value_is_refused(self, folder: Path, illegal: str) -> None:
        with pytest.raises(ResolutionError) as caught:
            self.launch(folder, "illegal-args-command.json", "identity-wrapper", anything=f"foo {illegal} x")
        told = f'Input "anything" has a value containing illegal string "{illegal}".'
        assert caught.value.message == told

    @pytest.mark.parametrize(("file", "copied"), [("command", False), ("command-writable-mount", True)])
    def test_a_resource_is_mounted_in_place_or_copied_when_it_is_to_be_writable(
        self, folder: Path, file: str, *, copied: bool
    ) -> None:
        found = self.launch(folder, f"mountTests/{file}.json", "resource-wrapper", "mountTests/resource.json")
        (mount,) = found.mounts
        assert (mount.path, mount.writable, mount.copied) == ("/input", copied, copied)
        assert mount.source == Path("change this at runtime")

    def test_a_setup_command_takes_the_archive_folder_and_fills_the_mount(self, folder: Path) -> None:
        setup = folder.parent / "setupCommand"
        found = self.launch(setup, "command-with-setup-command.json", "wrapper", "resource.json")
        (mount,) = found.mounts
        assert (mount.source, mount.setup) == (None, "xnat/test-setup-command:latest:setup-command")
        (before,) = found.setup
        assert (before.mount, before.source) == ("input", Path("change this at runtime"))


def test_a_session_is_mounted_and_its_output_goes_back_to_it(session: XnatObject) -> None:
    found = resolve(
        command(
            **{
                "command-line": "--session /input --out /output #shrink#",
                "mounts": [{"name": "in", "path": "/input"}, {"name": "out", "path": "/output"}],
                "inputs": [{"name": "shrink", "type": "number", "command-line-flag": "--shrink"}],
                "outputs": [{"name": "n4", "mount": "out", "path": "N4", "required": True}],
                "external-inputs": [{**SESSION, "provides-files-for-command-mount": "in"}],
                "output-handlers": [
                    {"name": "h", "accepts-command-output": "n4", "as-a-child-of": "session", "label": "N4"}
                ],
            }
        ),
        "w",
        session,
        {"shrink": "4"},
    )
    inside, outside = found.mounts
    assert (inside.source, inside.writable, inside.copied) == (session.directory, False, False)
    assert (outside.source, outside.writable) == (None, True)
    assert found.arguments == ("--session", "/input", "--out", "/output", "--shrink", "4")
    assert found.entrypoint is None
    (output,) = found.outputs
    assert (output.mount, output.path, output.label) == ("out", "N4", "N4")
    assert output.parent_uri == "/archive/experiments/SARCOMA_E1"


def test_overriding_the_entrypoint_gives_the_whole_line_to_a_shell() -> None:
    found = resolve(
        command(**{"command-line": "ls > x && true", "override-entrypoint": True}), None, None, {}
    )
    assert (found.entrypoint, found.arguments) == (("/bin/sh", "-c"), ("ls > x && true",))


def test_a_command_without_a_line_gives_the_entrypoint_no_arguments() -> None:
    assert resolve(command(), None, None, {}).arguments == ()


def test_a_line_takes_command_inputs_only_and_every_other_template_takes_all(session: XnatObject) -> None:
    found = resolve(
        command(
            **{
                "command-line": "#label# #id#",
                "working-directory": "/#label#",
                "container-name": "run-#id#",
                "environment-variables": {"ID_#label#": "#id#"},
                "ports": {"80": "80#id#"},
                "container-labels": {"of": "#label#"},
                "inputs": [{"name": "id", "command-line-flag": "--id"}],
                "external-inputs": [SESSION],
                "derived-inputs": [
                    derived("label", "string", **{"derived-from-xnat-object-property": "label"})
                ],
            }
        ),
        None,
        session,
        {"id": "7"},
    )
    assert found.command_line == "#label# --id 7"
    assert (found.working_directory, found.container_name) == ("/S1", "run-7")
    assert found.environment == {"ID_S1": "7"}
    assert (found.ports, found.container_labels) == ({"80": "807"}, {"of": "S1"})


def test_the_environment_names_what_only_the_server_can_set() -> None:
    secret = {
        "source": {"type": "system-property", "identifier": "x"},
        "destination": {"type": "environment-variable", "identifier": "LICENCE"},
    }
    names = ("XNAT_HOST", "XNAT_USER", "XNAT_PASS", "XNAT_WORKFLOW_ID", "XNAT_EVENT_ID", "LICENCE")
    assert resolve(command(secrets=[secret]), None, None, {}).from_server == names
    spying = command(secrets=[secret], inputs=[{"name": "a"}])
    told = 'Input "a" resolved value refers to secret destination "LICENCE"'
    assert refusal(spying, None, a="the $LICENCE") == told


@pytest.mark.parametrize(
    ("given", "line"),
    [("true", "--on"), ("TRUE", "--on"), ("false", "--off"), ("yes", "--off"), ("", "--off")],
)
def test_a_boolean_stands_for_its_words(given: str, line: str) -> None:
    flag = {"name": "a", "type": "boolean", "true-value": "--on", "false-value": "--off"}
    assert (
        resolve(command(inputs=[flag], **{"command-line": "#a#"}), None, None, {"a": given}).command_line
        == line
    )


def test_a_value_given_wins_over_the_default_and_what_a_wrapper_provides_wins_over_both() -> None:
    given = command(inputs=[{"name": "a", "default-value": "1"}])
    assert value(resolve(given, None, None, {}), "a") == "1"
    assert value(resolve(given, None, None, {"a": "2"}), "a") == "2"
    provided = command(
        inputs=[{"name": "a", "default-value": "1"}],
        **{"external-inputs": [{"name": "b", "provides-value-for-command-input": "a", "default-value": "3"}]},
    )
    assert value(resolve(provided, None, None, {"a": "2"}), "a") == "3"


def test_an_unset_file_input_leaves_its_key_in_the_line_as_on_the_server() -> None:
    upload = command(inputs=[{"name": "a", "type": "file", "required": True}], **{"command-line": "x #a#"})
    assert resolve(upload, None, None, {}).command_line == "x #a#"
    with pytest.raises(NotEvaluatedError, match="on the server only"):
        resolve(upload, None, None, {"a": "/user/cache/resources/1/files/a.txt"})


class TestLaunch:
    def test_a_launch_is_on_an_object_of_the_declared_type(self, project: XnatObject) -> None:
        with pytest.raises(
            CommandError, match=r'^Input "session": must be launched on a Session; found a Project'
        ):
            resolve(command(**{"external-inputs": [SESSION]}), None, project, {})

    def test_a_launch_without_an_object_misses_a_value(self) -> None:
        told = "Missing values for required input: session."
        assert refusal(command(**{"external-inputs": [SESSION]}), None) == told

    def test_another_object_is_given_by_uri_or_id_when_it_is_known(self, session: XnatObject) -> None:
        two = command(**{"external-inputs": [SESSION, {"name": "scan", "type": "Scan"}]})
        scan = session.below["scans"][1]
        assert value(resolve(two, None, session, {"scan": scan.uri}), "scan") == scan.uri
        assert value(resolve(two, None, session, {"scan": "12"}), "scan") == scan.uri
        with pytest.raises(NotEvaluatedError, match=r'^Input "scan": value: must be the URI or id of a Scan'):
            resolve(two, None, session, {"scan": "13"})

    def test_one_of_several_wrappers_has_to_be_named(self) -> None:
        wrappers = [{"name": "a"}, {"name": "b"}]
        both = Command.from_json({"name": "c", "image": "i:1", "xnat": wrappers})  # type: ignore[dict-item]
        assert resolve(both, "b", None, {}).wrapper == "b"
        with pytest.raises(CommandError, match=r"must name one of c's wrappers \(a, b\); found none named"):
            resolve(both, None, None, {})
        with pytest.raises(CommandError, match="found 'z'"):
            resolve(both, "z", None, {})


class TestMatchers:
    WANTED = "'NIFTI' in @.resources[*].label"

    def test_an_external_input_without_a_match_counts_as_missing(self, tmp_path: Path) -> None:
        archive = small_archive(tmp_path)
        picky = command(**{"external-inputs": [{**SESSION, "matcher": self.WANTED}]})
        found = resolve(picky, None, session_object(archive.session("STS", "S1")), {})
        assert value(found, "session") == "/archive/experiments/SARCOMA_E1"
        without = session_object(archive.session("STS", "S2"))
        assert refusal(picky, without) == "Missing values for required input: session."

    def test_load_children_false_takes_nothing_from_a_session(self, session: XnatObject) -> None:
        bare = command(**{"external-inputs": [{**SESSION, "matcher": self.WANTED, "load-children": False}]})
        assert value(resolve(bare, None, session, {}), "session") == session.uri

    def test_load_children_false_takes_the_subjects_from_a_project(self, project: XnatObject) -> None:
        parts: Json = {"derived-inputs": [derived("subject", "Subject", "project")]}
        whole: Json = {"name": "project", "type": "Project"}
        assert (
            value(resolve(command(**parts, **{"external-inputs": [whole]}), None, project, {}), "subject")
            == "/archive/subjects/P01"
        )
        bare = command(**parts, **{"external-inputs": [{**whole, "load-children": False}]})
        assert "could not be resolved for this item" in refusal(bare, project)

    def test_a_matcher_may_use_the_value_of_an_earlier_input(self, session: XnatObject) -> None:
        found = resolve(
            command(
                **{
                    "external-inputs": [{"name": "kind", "default-value": "'PT', 'CT'"}, SESSION],
                    "derived-inputs": [derived("scan", "Scan", matcher="@.modality in [#kind#]")],
                }
            ),
            None,
            session,
            {},
        )
        assert value(found, "scan") == "/archive/experiments/SARCOMA_E1/scans/12"

    def test_a_matcher_that_cannot_be_evaluated_names_its_input(self, session: XnatObject) -> None:
        odd = command(
            **{
                "external-inputs": [SESSION],
                "derived-inputs": [derived("scan", "Scan", matcher="@.id size 1")],
            }
        )
        with pytest.raises(NotEvaluatedError, match=r'^Input "scan": matcher: must be one that can be'):
            resolve(odd, None, session, {})
