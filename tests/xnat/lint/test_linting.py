"""What is legal and wrong: a planted fault for each rule, and no alarm where nothing is wrong."""

from pathlib import Path

import pytest

from sarcoma_core.xnat.lint.linting import RULES, UNREADABLE, LintFinding, lint
from tests.xnat.foreign import ABSENT, changed

EXTERNAL, DERIVED, HANDLER = (
    f"xnat/0/{key}" for key in ("external-inputs/0", "derived-inputs/0", "output-handlers/0")
)
LINE = "probe --mode #MODE# --sides #SIDES# #LABEL# /input /output"

# rule, the fault, where it is found
FAULTS = [
    ("unknown-key", [("inputs/0/defualt-value", "x")], "/inputs/0/defualt-value"),
    ("unknown-key", [("mounts/0/a~b", 1)], "/mounts/0/a~0b"),
    ("ipc-mode", [("ipc-mode", "host")], "/ipc-mode"),
    ("image-latest", [("image", "site/probe:latest")], "/image"),
    ("image-latest", [("image", "registry:5000/probe")], "/image"),
    ("version-blank", [("version", ABSENT)], "/version"),
    ("memory-units", [("limit-memory", 8 * 1024**3)], "/limit-memory"),
    ("memory-units", [("shm-size", "64")], "/shm-size"),
    ("gpus", [("gpus", "all")], "/gpus"),
    (
        "gpu-request",
        [("environment-variables/NVIDIA_VISIBLE_DEVICES", "all")],
        "/environment-variables/NVIDIA_VISIBLE_DEVICES",
    ),
    ("mount-path", [("mounts/1/path", "output")], "/mounts/1/path"),
    ("input-type", [("inputs/2/type", "int")], "/inputs/2/type"),
    ("input-matcher", [("inputs/2/matcher", "@.id")], "/inputs/2/matcher"),
    ("select-many-default", [("inputs/1/default-value", ABSENT)], "/inputs/1"),
    ("illegal-value", [("inputs/2/default-value", "a; b")], "/inputs/2/default-value"),
    ("illegal-value", [("inputs/0/select-values/1", "f(x)")], "/inputs/0/select-values/1"),
    ("output-glob", [("outputs/0/glob", "*.nii")], "/outputs/0/glob"),
    ("output-required", [("outputs/0/required", None)], "/outputs/0"),
    (
        "provides-target",
        [("xnat/0/derived-inputs/1/provides-value-for-command-input", "TITLE")],
        "/xnat/0/derived-inputs/1/provides-value-for-command-input",
    ),
    (
        "provides-target",
        [(f"{EXTERNAL}/provides-files-for-command-mount", "work")],
        f"/{EXTERNAL}/provides-files-for-command-mount",
    ),
    ("mount-shared", [(f"{EXTERNAL}/provides-files-for-command-mount", "in")], f"/{DERIVED}"),
    ("mount-type", [(f"{DERIVED}/type", "Subject")], f"/{DERIVED}/type"),
    ("derived-type", [("xnat/0/derived-inputs/1/type", "number")], "/xnat/0/derived-inputs/1/type"),
    (
        "helper-reference",
        [(f"{DERIVED}/via-setup-command", "registry:5000/setup:1")],
        f"/{DERIVED}/via-setup-command",
    ),
    (
        "helper-reference",
        [(f"{HANDLER}/via-wrapup-command", "a/b@sha256:0")],
        f"/{HANDLER}/via-wrapup-command",
    ),
    (
        "key-overlap",
        [
            ("inputs/2/replacement-key", "MOD"),
            ("inputs/0/replacement-key", "MODE"),
            ("command-line", "p MODE MOD #SIDES#"),
        ],
        "/inputs/2",
    ),
    ("input-unused", [("command-line", LINE.replace("#LABEL#", ""))], "/inputs/2"),
    ("key-undefined", [("command-line", f"{LINE} #TITLE#")], "/command-line"),
    ("key-undefined", [(f"{HANDLER}/label", "SEG-#scan-id#")], f"/{HANDLER}/label"),
    ("wrapper-key", [("command-line", f"{LINE} #session#")], "/command-line"),
    ("caret-pair", [("command-line", f"{LINE} --only ^T1^")], "/command-line"),
    ("shell-syntax", [("command-line", f"{LINE} && echo done")], "/command-line"),
    ("shell-syntax", [("command-line", f'{LINE} "$XNAT_HOST"')], "/command-line"),
]

# Right as they stand, each close to one of the faults.
RIGHT = [
    [("id", 7), ("xnat/0/id", 8)],
    [("ipcMode", "host")],
    [("image", "registry:5000/probe@sha256:0123")],
    [("image", "registry:5000/probe:1.0")],
    [("limit-memory", 16384), ("shm-size", 2 * 1024**3)],
    [("runtime", "nvidia"), ("environment-variables/NVIDIA_VISIBLE_DEVICES", "all")],
    [("environment-variables/NVIDIA_VISIBLE_DEVICES", "void")],
    [("mounts/1/path", "#LABEL#/out")],
    [("inputs/2/type", "File")],
    [("outputs/0/required", False)],
    [(f"{HANDLER}/label", "SEG-#label#-#MODE#")],
    [("working-directory", "/#session#")],
    [(f"{DERIVED}/via-setup-command", "site/setup:1.0:unpack")],
    [("command-line", f"{LINE} --only ^T1")],
    [("command-line", f"{LINE} ^$.name^")],
    [("command-line", "/bin/bash -c 'probe && #MODE# #SIDES# #LABEL# > /output/log'")],
    [("command-line", f"{LINE} --pattern '*;$x'")],
    [("command-line", f"{LINE} | tee /output/log"), ("override-entrypoint", True)],
    [
        ("inputs/2/replacement-key", "#MODE"),
        ("command-line", "p #MODE# #SIDES#"),
        ("inputs/0/replacement-key", "[M]"),
        ("command-line", "p [M] #SIDES# #MODE"),
    ],
]


def names(findings: tuple[LintFinding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(("rule", "fault", "where"), FAULTS)
def test_a_planted_fault_is_found_where_it_is(rule: str, fault: list[tuple[str, object]], where: str) -> None:
    found = [(finding.rule, finding.where) for finding in lint(changed(*fault))]
    assert (rule, where) in found
    assert {name for name, _ in found} == {rule}


def test_a_key_given_twice_is_found() -> None:
    text = changed().replace('"name": "probe",', '"name": "other", "name": "probe",', 1)
    assert [(finding.rule, finding.where) for finding in lint(text)] == [("repeated-key", "/name")]


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _ in FAULTS} | {"repeated-key"} == {rule.name for rule in RULES}


def test_a_clean_command_has_no_finding() -> None:
    assert lint(changed()) == ()


@pytest.mark.parametrize("change", RIGHT)
def test_what_is_right_raises_no_alarm(change: list[tuple[str, object]]) -> None:
    assert lint(changed(*change)) == ()


def test_a_close_key_is_suggested() -> None:
    (finding,) = lint(changed(("mounts/0/writeable", True)))
    assert 'did you mean "writable"?' in finding.message


def test_a_setup_command_is_filled_with_its_parents_keys() -> None:
    text = '{"name":"s","image":"a:1","version":"1","type":"docker-setup","command-line":"unpack #MODE#"}'
    assert lint(text) == ()


def test_what_cannot_be_read_is_one_finding() -> None:
    assert names(lint("{")) == [UNREADABLE]
    assert names(lint("[]")) == [UNREADABLE]
    assert names(lint('{"mounts":"x"}')) == [UNREADABLE]


def test_the_commands_of_a_label_are_told_by_their_place() -> None:
    text = f"[{changed()}, {changed(('gpus', 'all'))}]"
    assert [(finding.rule, finding.where) for finding in lint(text)] == [("gpus", "/1/gpus")]


# Each of these was read and is a true fault of the reference command; image-latest and version-blank aside,
# which hold for most of them.
JUDGED = {
    ("bad-command.json", "input-unused"): 5,
    ("bad-command.json", "provides-target"): 2,
    ("cmd.json", "input-unused"): 2,
    ("cmdTmp.json", "input-unused"): 1,
    ("command.json", "input-unused"): 4,
    ("command.json", "unknown-key"): 2,
    ("command.json", "mount-type"): 1,
    ("command.json", "shell-syntax"): 1,
    ("command-writable-mount.json", "unknown-key"): 1,
    ("illegal-args-command.json", "unknown-key"): 1,
    ("params-command.json", "unknown-key"): 3,
    ("command-with-wrapup-command.json", "output-required"): 1,
}


def test_foreign_commands_raise_true_alarms_only(data: Path) -> None:
    folder = data / "command_json"
    rows = [line.split("\t")[:2] for line in (folder / "VERDICTS.tsv").read_text().splitlines()[1:]]
    found: dict[tuple[str, str], int] = {}
    for name in dict.fromkeys(name for name, word in rows if word != "NOT-A-COMMAND"):
        for finding in lint((folder / name).read_text()):
            if finding.rule not in {"image-latest", "version-blank"}:
                key = (Path(name).name, finding.rule)
                found[key] = found.get(key, 0) + 1
    assert found == JUDGED
