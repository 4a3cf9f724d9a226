"""Commands that are built and read."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.model import (
    Command,
    CommandInput,
    CommandOutput,
    DerivedInput,
    ExternalInput,
    Mount,
    OutputHandler,
    Secret,
    SecretDestination,
    SecretSource,
    Wrapper,
)
from sarcoma_core.xnat.validation.rules import JudgementKind, validate


def example() -> Command:
    return Command(
        name="probe",
        image="site/probe:1.0",
        version="1.0",
        command_line="probe #LEVEL# /in /out",
        mounts=(Mount(name="in", path="/in"), Mount(name="out", path="/out", writable=True)),
        inputs=(CommandInput(name="LEVEL", type="number", default_value="2"),),
        outputs=(CommandOutput(name="masks", mount="out", required=True),),
        xnat=(
            Wrapper(
                name="probe-session",
                contexts=("xnat:imageSessionData",),
                external_inputs=(ExternalInput(name="session", type="Session", required=False),),
                derived_inputs=(
                    DerivedInput(
                        name="scan",
                        type="Scan",
                        derived_from_wrapper_input="session",
                        provides_files_for_command_mount="in",
                    ),
                ),
                output_handlers=(
                    OutputHandler(
                        name="keep", accepts_command_output="masks", as_a_child_of="session", label="SEG"
                    ),
                ),
            ),
        ),
        ipc_mode="host",
        secrets=(
            Secret(
                source=SecretSource(identifier="site.key"), destination=SecretDestination(identifier="KEY")
            ),
        ),
    )


def test_a_command_is_written_in_the_words_of_the_wire_without_its_defaults() -> None:
    assert example().to_json() == {
        "name": "probe",
        "image": "site/probe:1.0",
        "version": "1.0",
        "command-line": "probe #LEVEL# /in /out",
        "mounts": [{"name": "in", "path": "/in"}, {"name": "out", "path": "/out", "writable": True}],
        "inputs": [{"name": "LEVEL", "type": "number", "default-value": "2"}],
        "outputs": [{"name": "masks", "mount": "out", "required": True}],
        "xnat": [
            {
                "name": "probe-session",
                "contexts": ["xnat:imageSessionData"],
                "external-inputs": [{"name": "session", "type": "Session", "required": False}],
                "derived-inputs": [
                    {
                        "name": "scan",
                        "type": "Scan",
                        "provides-files-for-command-mount": "in",
                        "derived-from-wrapper-input": "session",
                    }
                ],
                "output-handlers": [
                    {
                        "name": "keep",
                        "accepts-command-output": "masks",
                        "as-a-child-of": "session",
                        "label": "SEG",
                    }
                ],
            }
        ],
        "ipcMode": "host",
        "secrets": [
            {
                "source": {"type": "system-property", "identifier": "site.key"},
                "destination": {"type": "environment-variable", "identifier": "KEY"},
            }
        ],
    }


def test_keys_come_in_declared_order() -> None:
    keys = list(example().to_json())
    assert keys.index("name") < keys.index("command-line") < keys.index("mounts") < keys.index("xnat")


def test_what_is_written_reads_back_equal_and_is_accepted() -> None:
    written = example().to_json()
    assert Command.from_json(written) == example()
    assert validate(json.dumps(written)).kind is JudgementKind.ACCEPT


def test_reading_coerces_and_drops_as_the_service_does() -> None:
    command = Command.from_json(
        {
            "id": 7,
            "name": "a",
            "image": "b:1",
            "reserve-memory": "6",
            "label": None,
            "inputs": [{"name": "n", "default-value": True}],
        }
    )
    assert command.reserve_memory == 6
    assert command.inputs[0].default_value == "true"


@pytest.mark.parametrize(
    ("word", "kept"), [("int", "string"), ("float", "string"), ("File", "file"), ("number", "number")]
)
def test_an_input_type_that_the_service_does_not_know_is_read_as_string(word: str, kept: str) -> None:
    command = Command.from_json({"name": "a", "image": "b:1", "inputs": [{"name": "n", "type": word}]})
    assert command.inputs[0].type == kept


def test_writing_is_strict() -> None:
    with pytest.raises(ValidationError):
        CommandInput(name="n", type="int")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Mount(name="n", path="/n", writeable=True)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Mount(name="n")  # type: ignore[call-arg]


def test_the_image_of_a_label_is_given_by_who_reads_it() -> None:
    assert Command.from_json({"name": "a"}, image="b:1").image == "b:1"
    with pytest.raises(CommandError, match="image"):
        Command.from_json({"name": "a"})


def test_a_command_that_cannot_be_read_names_the_place() -> None:
    with pytest.raises(CommandError, match="mounts/0/path"):
        Command.from_json({"name": "a", "image": "b:1", "mounts": [{"name": "m"}]})


def test_a_replacement_key_is_the_name_between_hashes_unless_declared() -> None:
    assert CommandInput(name="A").key == "#A#"
    assert CommandInput(name="A", replacement_key=" ").key == "#A#"
    assert ExternalInput(name="A", replacement_key="[A]").key == "[A]"


def test_accepted_foreign_commands_read_and_write_back_equal(data: Path) -> None:
    rows = [line.split("\t") for line in (data / "command_json" / "VERDICTS.tsv").read_text().splitlines()]
    accepted = [row[0] for row in rows if row[1] == "ACCEPT"]
    assert len(accepted) > 20
    for name in accepted:
        command = Command.from_json(json.loads((data / "command_json" / name).read_text()))
        assert Command.from_json(command.to_json()) == command, name
