"""What the Container Service lets pass in silence and what then goes wrong at launch, or goes nowhere.

Each rule is a function from a scene to the spots where it bites, listed in `RULES` with its name and the way
out. Whether an image is there and what its digest is, only a server knows; that is not looked at.

Source: Container Service 3.7.3, the resolver and the backends; complaints in XNAT's forum and issue trackers.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sarcoma_core.xnat.command.binding import BindError, bind
from sarcoma_core.xnat.command.json_text import Json, JsonTextError, Members, parse
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint import keys as lint_keys
from sarcoma_core.xnat.lint import parts as lint_parts
from sarcoma_core.xnat.lint import templates as lint_templates
from sarcoma_core.xnat.lint.scene import Scene, Spot


class LintFinding(NamedTuple):
    """One thing that is legal and wrong.

    Attributes:
        rule: the rule's name, as `RULES` has it.
        where: a JSON pointer into the document.
        message: what happens.
        fix: what to do about it.
    """

    rule: str
    where: str
    message: str
    fix: str


class LintRule(NamedTuple):
    """A rule's name, what finds its spots, and the way out."""

    name: str
    spots: Callable[[Scene], Iterator[Spot]]
    fix: str


UNREADABLE = "unreadable"
RULES = (
    LintRule("unknown-key", lint_keys.unknown_keys, "correct the key, or take it out"),
    LintRule("repeated-key", lint_keys.repeated_keys, "keep one of them"),
    LintRule("ipc-mode", lint_keys.ipc_mode, 'write "ipcMode" in a command that is created'),
    LintRule("image-latest", lint_parts.latest_image, "name a version, or a digest"),
    LintRule(
        "version-blank",
        lint_parts.blank_version,
        'give the command a "version" and raise it with every change',
    ),
    LintRule("memory-units", lint_parts.memory_units, "give memory in MiB and shm-size in bytes"),
    LintRule("gpus", lint_parts.gpus_set, "use runtime (Docker) or generic-resources (Swarm, Kubernetes)"),
    LintRule("gpu-request", lint_parts.gpu_not_asked_for, 'add "runtime": "nvidia" or "generic-resources"'),
    LintRule("mount-path", lint_parts.relative_mount_path, "start the path with /"),
    LintRule(
        "input-type",
        lint_parts.unknown_input_type,
        "use string, boolean, number, select-one, select-many or file",
    ),
    LintRule(
        "input-matcher", lint_parts.input_matcher, "move it to the wrapper input that provides the value"
    ),
    LintRule("select-many-default", lint_parts.select_many_default, 'add a "default-value", at least "[]"'),
    LintRule(
        "illegal-value", lint_parts.illegal_defaults, f"do without {' '.join(lint_parts.ILLEGAL_IN_VALUES)}"
    ),
    LintRule("output-glob", lint_parts.glob_set, 'take it out; use "path" for a folder or one file'),
    LintRule(
        "output-required",
        lint_parts.output_not_required,
        'say "required": true, or false if it may be missing',
    ),
    LintRule("provides-target", lint_parts.missing_targets, "name a declared input or mount"),
    LintRule(
        "mount-shared", lint_parts.shared_mounts, "give each input a mount of its own, or mount their parent"
    ),
    LintRule(
        "mount-type", lint_parts.unmountable_types, f"mount one of {', '.join(sorted(lint_parts.MOUNTABLE))}"
    ),
    LintRule("derived-type", lint_parts.derived_scalars, 'derive a "string"'),
    LintRule(
        "helper-reference",
        lint_parts.helper_references,
        "name the image without registry port or digest",
    ),
    LintRule("key-overlap", lint_templates.overlapping_keys, "choose keys of which none is part of another"),
    LintRule(
        "input-unused",
        lint_templates.unused_inputs,
        "put its key into the command line, or take the input out",
    ),
    LintRule("key-undefined", lint_templates.undefined_keys, "declare the input, or correct the key"),
    LintRule(
        "wrapper-key",
        lint_templates.wrapper_keys_in_command_line,
        "declare a command input and let the wrapper input provide its value",
    ),
    LintRule("caret-pair", lint_templates.caret_pair, "write the line without a pair of carets"),
    LintRule("shell-syntax", lint_templates.shell_without_override, 'set "override-entrypoint": true'),
)


def lint(text: str) -> tuple[LintFinding, ...]:
    """Everything in a command that is legal and wrong; empty for a clean one.

    Args:
        text: one command, or a JSON list of commands as an image label holds it.
    """
    try:
        tree = parse(text)
    except JsonTextError as error:
        return (_unreadable("", error.message),)
    if tree == []:
        return (_unreadable("", "the list holds no command."),)
    if isinstance(tree, list):
        return tuple(finding for index, item in enumerate(tree) for finding in _lint(item, f"/{index}"))
    return tuple(_lint(tree, ""))


def _lint(tree: Json, where: str) -> Iterator[LintFinding]:
    try:
        command = bind(Command, tree)
    except BindError as error:
        yield _unreadable(where, error.message)
        return
    scene = Scene(tree if isinstance(tree, Members) else Members(()), command)
    for rule in RULES:
        for spot in rule.spots(scene):
            yield LintFinding(rule.name, where + spot.where, spot.message, rule.fix)


def _unreadable(where: str, message: str) -> LintFinding:
    return LintFinding(UNREADABLE, where, message, "see what `sarcoma commands validate` says")
