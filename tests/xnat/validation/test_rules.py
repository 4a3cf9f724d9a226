"""The service's verdicts: each rule by itself, then the real validator's verdicts on foreign commands.

The texts are the service's own (Container Service 3.7.3), typed from its source.
"""

import json
from pathlib import Path

import pytest

from sarcoma_core.xnat.validation.rules import Judgement, JudgementKind, validate, validate_each
from tests.xnat.foreign import ABSENT, changed

COMMAND = 'Command "probe" - '
WRAPPER = f'{COMMAND}wrapper "probe-session" - '
EXTERNAL, DERIVED, HANDLER = (
    f"xnat/0/{key}" for key in ("external-inputs/0", "derived-inputs/0", "output-handlers/0")
)
LABEL_INPUT = "xnat/0/derived-inputs/1"
CHARACTERS = "name should contain only alphanumeric, _ and - characters."
SELECT_NOTE = (
    "Note that command inputs with values provided by xnat inputs shouldn't be designated as select "
    "(they'll automatically render as a select if their xnat input resolves to more than one value)."
)
TYPES = (
    "string, SubjectAssessor, Config, Resource, Subject, number, Project, ProjectAsset, boolean, File[], "
    "file, Scan, Assessor, File, Directory, Session"
)

# Each line: changes to an accepted command, and everything that the service then says.
REJECTED = [
    ([("name", " ")], ["Command name cannot be blank."]),
    ([("image", "")], [f"{COMMAND}image name cannot be blank."]),
    ([("image", ABSENT)], [f"{COMMAND}image name cannot be blank."]),
    ([("image", "a\nb")], [f"{COMMAND}image name must include version tag. e.g. image_name:tag"]),
    (
        [("type", "singularity")],
        [
            (
                f'{COMMAND}Cannot validate command of type "singularity". '
                "Known types: docker, docker-setup, docker-wrapup"
            )
        ],
    ),
    (
        [("visibility", "hidden")],
        [f"{COMMAND} has visibility set to an unknown value. Known types: public, private, protected"],
    ),
    (
        [("ulimits", {"a": "1", "b": "1:2", "c": "1:2:3", "d": ""})],
        [
            f'{COMMAND} incorrect ulimit format: {limit}. Should be "name" : "softlimit:hardlimit" or '
            '"name" : "limit"'
            for limit in ("1:2:3", "")
        ],
    ),
    (
        [("secrets/0/destination/identifier", "XNAT_PASS")],
        [f'{COMMAND} Secrets use reserved environment variable name "XNAT_PASS"'],
    ),
    (
        [("secrets/0/destination/identifier", "A")],
        [f'{COMMAND} Secrets and environment variables both request name "A"'],
    ),
    (
        [("mounts/0/name", ABSENT), (f"{DERIVED}/provides-files-for-command-mount", ABSENT)],
        [f"{COMMAND}Mount name cannot be blank."],
    ),
    ([("mounts/0/path", None)], [f'{COMMAND}Mount "in" path cannot be blank.']),
    ([("mounts/2", {"name": "in", "path": "/x"})], [f'{COMMAND}mount name "in" is not unique.']),
    (
        [("inputs/2/name", "")],
        [f"{COMMAND}Command input name cannot be blank"],
    ),
    ([("inputs/2/name", "a b")], [f'{COMMAND}Command input "a b" {CHARACTERS}']),
    (
        [("inputs/2/multiple-delimiter", "pipe")],
        [f'{COMMAND}Invalid multiple-delimiter "pipe", choose from: quoted-space, space, comma, flag'],
    ),
    (
        [("inputs/0/select-values", [])],
        [
            (
                f'{COMMAND}Command input "MODE" is designated as type "select-one" but doesn\'t list '
                f"select-values. {SELECT_NOTE}"
            )
        ],
    ),
    (
        [("inputs/0/type", "string")],
        [f'{COMMAND}Command input "MODE" has select-values set, but is not a select type.'],
    ),
    (
        [("inputs/0/default-value", "slow")],
        [
            (
                f'{COMMAND}Command input "MODE" default value "slow" is not one of the select-values '
                '"[fast, full]"'
            )
        ],
    ),
    (
        [("inputs/1/default-value", '["l", "x", 1.50, null]')],
        [
            (
                f'{COMMAND}Command input "SIDES" one or more default values in "[l, x, 1.50, null]" '
                'is not in the list of select-values "[l, r]"'
            )
        ],
    ),
    (
        [("inputs/1/default-value", "['l']")],
        [f'{COMMAND}Command input "SIDES" default value "[\'l\']" is not one of the select-values "[l, r]"'],
    ),
    ([("inputs/3", {"name": "LABEL"})], [f'{COMMAND}input name "LABEL" is not unique.']),
    (
        [("outputs/0/name", "m.nii"), (f"{HANDLER}/accepts-command-output", "m.nii")],
        [f'{COMMAND}Command output "m.nii" {CHARACTERS}'],
    ),
    (
        [("outputs/0/name", ""), (f"{HANDLER}/accepts-command-output", "log"), (f"{HANDLER}/type", "Scan")],
        [
            f"{COMMAND}Output name cannot be blank.",
            f'{WRAPPER}command output "" is not handled by any output handler.',
        ],
    ),
    (
        [("outputs/0/mount", None)],
        [
            f'{COMMAND}output "masks" references unknown mount "null". Known mounts: in, out',
            f'{COMMAND}Output "masks" - mount cannot be blank.',
        ],
    ),
    (
        [("outputs/0/mount", "tmp")],
        [f'{COMMAND}output "masks" references unknown mount "tmp". Known mounts: in, out'],
    ),
    (
        [("outputs/2", {"name": "log", "mount": "out"})],
        [f'{COMMAND}output name "log" is not unique.'],
    ),
    (
        [("xnat/0/name", None), ("outputs", []), ("xnat/0/output-handlers", [])],
        [f"{COMMAND}Command wrapper name cannot be blank."],
    ),
    (
        [("outputs", []), ("xnat/0/output-handlers", []), ("xnat/1", {"name": "probe-session"})],
        [f'{COMMAND}wrapper name "probe-session" is not unique.'],
    ),
    (
        [("xnat/0/external-inputs/1", {"name": ""})],
        [f"{WRAPPER}Command wrapper input name cannot be blank."],
    ),
    (
        [("xnat/0/external-inputs/1", {"name": "a b"})],
        [f'{WRAPPER}Command wrapper input "a b" {CHARACTERS}'],
    ),
    (
        [(f"{EXTERNAL}/type", "session")],
        [f'{WRAPPER}Command wrapper input "session" - Unknown type "session". Known types: {TYPES}'],
    ),
    (
        [(f"{EXTERNAL}/via-setup-command", "a/b:1")],
        [
            (
                f'{WRAPPER}Command wrapper input "session" - "via-setup-command": "a/b:1" - You cannot set '
                '"via-setup-command" on an input that does not provide files for a command mount.'
            )
        ],
    ),
    (
        [("xnat/0/external-inputs/1", {"name": "session"})],
        [f'{WRAPPER}external input name "session" is not unique.'],
    ),
    (
        [("xnat/0/derived-inputs/2", {"name": "scan", "derived-from-wrapper-input": "session"})],
        [f'{WRAPPER}derived input name "scan" is not unique.'],
    ),
    (
        [(f"{EXTERNAL}/provides-value-for-command-input", "MODE")],
        [
            (
                f'{WRAPPER}external input "session" provides values for command input "MODE", which is a '
                f"select type. {SELECT_NOTE}"
            )
        ],
    ),
    (
        [(f"{DERIVED}/provides-value-for-command-input", "SIDES")],
        [
            (
                f'{WRAPPER}derived input "scan" provides values for command input "SIDES", which is a '
                f"select type. {SELECT_NOTE}"
            )
        ],
    ),
    (
        [(f"{LABEL_INPUT}/derived-from-wrapper-input", "")],
        [
            (
                f'{WRAPPER}derived input "label" is derived from an unknown XNAT input "". '
                "Known inputs: scan, session, label"
            ),
            (
                f'{WRAPPER}Command wrapper input "label" - property "derived-from-wrapper-input" '
                "cannot be blank."
            ),
        ],
    ),
    (
        [(f"{LABEL_INPUT}/derived-from-wrapper-input", "label")],
        [f'{WRAPPER}derived input "label" is derived from itself.'],
    ),
    (
        [(f"{DERIVED}/derived-from-wrapper-input", "label")],
        [
            (
                f'{WRAPPER}derived input "scan" is derived from an unknown XNAT input "label". '
                "Known inputs: scan, session"
            )
        ],
    ),
    (
        [(f"{DERIVED}/multiple", True), ("xnat/0/output-handlers/1/as-a-child-of", "session")],
        [
            (
                f'{WRAPPER}derived input "scan" is designated as a "multiple" input, which means it cannot '
                "provide files for command mounts (consider mounting the parent element)."
            ),
            (
                f'{WRAPPER}derived input "scan" is designated as a "multiple" input, whichmeans it must '
                "directly provide values for some command input."
            ),
        ],
    ),
    (
        [(f"{LABEL_INPUT}/multiple", "true"), (f"{HANDLER}/as-a-child-of", "label")],
        [
            (
                f'{WRAPPER}output handler "h1" has "as-a-child-of": "label", but that input is set to allow '
                "multiple values."
            ),
            (
                f'{WRAPPER}output handler "h1" has "as-a-child-of": "label", but that input\'s value is set '
                'to "label", which will cause the upload to fail (a "uri" is required for upload).'
            ),
        ],
    ),
    ([(f"{HANDLER}/name", "")], [f"{WRAPPER}Command wrapper output - name cannot be blank."]),
    ([(f"{HANDLER}/name", "h 1")], [f'{WRAPPER}Command wrapper output "h 1" {CHARACTERS}']),
    ([(f"{HANDLER}/name", "h2")], [f'{WRAPPER}output handler name "h2" is not unique.']),
    (
        [(f"{HANDLER}/accepts-command-output", None)],
        [
            f'{WRAPPER}output handler refers to unknown command output "null". Known outputs: log, masks.',
            f'{WRAPPER}Command wrapper output "h1" - property "accepts-command-output" cannot be blank.',
            f'{WRAPPER}command output "masks" is not handled by any output handler.',
        ],
    ),
    (
        [(f"{HANDLER}/as-a-child-of", "h2")],
        [
            (
                f"{WRAPPER}output handler does not refer to a known wrapper input or output. "
                '"as-a-child-of": "h2". Known inputs: scan, session, label. Known outputs (so far): .'
            )
        ],
    ),
    (
        [("xnat/0/output-handlers/1/as-a-child-of", ABSENT)],
        [
            (
                f"{WRAPPER}output handler does not refer to a known wrapper input or output. "
                '"as-a-child-of": "null". Known inputs: scan, session, label. Known outputs (so far): h1.'
            ),
            f'{WRAPPER}Command wrapper output "h2" - property "as-a-child-of" cannot be blank.',
        ],
    ),
    (
        [(f"{HANDLER}/type", "resource")],
        [
            (
                f'{WRAPPER}Command wrapper output "h1" - Unknown type "resource". '
                "Known types: Resource, Assessor, Scan"
            )
        ],
    ),
    (
        [(f"{HANDLER}/label", " ")],
        [f'{WRAPPER}Command wrapper output "h1" - when type = Resource, label cannot be blank.'],
    ),
    (
        [("xnat/0/output-handlers/1", ABSENT)],
        [f'{WRAPPER}command output "log" is not handled by any output handler.'],
    ),
    (
        [("type", "docker-setup")],
        [
            f"{COMMAND} Setup commands cannot declare any {things}."
            for things in ("mounts", "inputs", "outputs", "wrappers", "environment variables", "secrets")
        ],
    ),
    (
        [
            *(
                (key, ABSENT)
                for key in ("mounts", "inputs", "outputs", "xnat", "environment-variables", "secrets")
            ),
            ("type", "docker-wrapup"),
            ("ports", {"80": 8080}),
        ],
        [f"{COMMAND} Wrapup commands cannot declare any ports."],
    ),
    (
        [("name", None), ("image", None)],
        ["Command name cannot be blank.", 'Command "null" - image name cannot be blank.'],
    ),
]

ACCEPTED = [
    [],
    [("image", "no-tag")],
    [("image", "site/probe@sha256:0123abcd")],
    [("image", "  ")],
    [("inputs/1/default-value", "[]")],
    [("inputs/1/default-value", '["l", "r"] trailing')],
    [("inputs/2/type", "int")],
    [(f"{DERIVED}/derived-from-xnat-object-property", "uri")],
    [("xnat/0/output-handlers/1/as-a-child-of", "h1")],
    [("xnat/0/output-handlers/1/type", "Scan"), ("xnat/0/output-handlers/1/label", None)],
    [("ulimits", {"nofile": "1024:2048:"})],
    [(f"{EXTERNAL}/provides-value-for-command-input", "nowhere")],
    [("secrets/0/source", None)],
    [
        ("type", "docker-setup"),
        *((key, None) for key in ("mounts", "inputs", "outputs", "xnat")),
        ("environment-variables", None),
        ("secrets", None),
    ],
]

# The service throws instead of judging; its answer is an error all the same.
CRASHES = [
    ([("inputs/1/default-value", ABSENT)], "select-many"),
    ([("outputs/0/name", ABSENT)], 'an output without a "name"'),
    ([(f"{HANDLER}/name", None)], 'an output handler without a "name"'),
    ([("secrets/0/destination", ABSENT)], 'secret without a "destination"'),
    ([("secrets/1", None)], 'secret without a "destination"'),
]


@pytest.mark.parametrize(("changes", "messages"), REJECTED, ids=[case[1][0][-60:] for case in REJECTED])
def test_a_broken_rule_is_told_in_the_services_words(
    changes: list[tuple[str, object]], messages: list[str]
) -> None:
    verdict = validate(changed(*changes))
    assert list(verdict.messages) == messages
    assert verdict.word == f"REJECT({len(messages)})"


@pytest.mark.parametrize("changes", ACCEPTED)
def test_what_the_service_lets_pass_is_accepted(changes: list[tuple[str, object]]) -> None:
    assert validate(changed(*changes)) == Judgement(JudgementKind.ACCEPT)


@pytest.mark.parametrize(("changes", "reason"), CRASHES)
def test_a_crash_of_the_service_is_a_bind_error(changes: list[tuple[str, object]], reason: str) -> None:
    verdict = validate(changed(*changes))
    assert verdict.word == "BIND-ERROR"
    assert reason in verdict.messages[0]


def test_a_type_that_is_not_judged_does_not_crash_either() -> None:
    assert validate(changed(("type", "x"), ("inputs/1/default-value", None))).word == "REJECT(1)"


def test_messages_stand_on_one_line() -> None:
    verdict = validate(changed(("mounts/0/path", ""), ("mounts/0/name", "a\nb")))
    assert 'Mount "a b" path cannot be blank.' in verdict.messages[0]


def test_a_text_that_is_not_json_is_unparsable() -> None:
    assert validate('{"name": "a",}').kind is JudgementKind.UNPARSABLE
    assert validate_each("[")[0].kind is JudgementKind.UNPARSABLE


def test_a_list_is_no_request_but_an_image_label() -> None:
    assert validate("[]").kind is JudgementKind.BIND_ERROR
    assert [(v.place, v.word) for v in validate_each('[{"name":"a","image":"b:1"},{"name":"c"},5]')] == [
        ("[0]", "ACCEPT"),
        ("[1]", "REJECT(1)"),
        ("[2]", "BIND-ERROR"),
    ]
    assert [v.word for v in validate_each("[]")] == ["BIND-ERROR"]
    assert [(v.place, v.word) for v in validate_each('{"name":"a","image":"b:1"}')] == [("", "ACCEPT")]


def test_verdicts_on_foreign_commands_are_those_of_the_real_validator(data: Path) -> None:
    folder = data / "command_json"
    rows = [line.split("\t")[:2] for line in (folder / "VERDICTS.tsv").read_text().splitlines()[1:]]
    expected: dict[str, list[str]] = {}
    for name, word in rows:
        if word != "NOT-A-COMMAND":
            expected.setdefault(name, []).append(word)
    found = {name: [v.word for v in validate_each((folder / name).read_text())] for name in expected}
    assert len(expected) > 25
    assert found == expected


def test_verdicts_and_texts_on_mutants_are_those_of_the_real_validator(data: Path) -> None:
    """Long texts are cut in the reference, so ours may go on where theirs ends."""
    lines = (data / "command_json" / "mutants.jsonl").read_text().splitlines()
    assert len(lines) > 600
    for number, line in enumerate(lines, start=1):
        record = json.loads(line)
        verdict = validate(json.dumps(record["command"]))
        assert verdict.word == record["verdict"], number
        if verdict.kind is JudgementKind.REJECT:
            told = " | ".join(verdict.messages)
            assert told[: len(record["messages"])] == record["messages"], number
            assert len(record["messages"]) == min(len(told), 700), number
