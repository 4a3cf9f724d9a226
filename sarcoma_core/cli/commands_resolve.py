"""`sarcoma commands resolve`: what the Container Service would run, shown before anything runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli.screen import table
from sarcoma_core.errors import ArchiveError, CommandError, UsageError
from sarcoma_core.xnat.command.coercion import to_python
from sarcoma_core.xnat.command.json_text import parse
from sarcoma_core.xnat.command.model import Command, CommandInput, ExternalInput, kebab
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, ResolvedMount, ResolvedOutput, resolve


def resolve_file(
    file: Path,
    *,
    archive: Path,
    project: str | None,
    session: str,
    sets: Sequence[str],
    wrapper: str | None,
    as_json: bool,
) -> int:
    """Resolve the command in a file on a session of an archive, and show it.

    Args:
        file: a command JSON.
        archive: the archive folder.
        project: id of the project; None to look in all of them.
        session: label or accession id.
        sets: values as `name=value`.
        wrapper: name of the wrapper; None when the command has one.
        as_json: JSON in place of tables.

    Returns:
        0; what does not resolve is an error.

    Raises:
        UsageError: the file cannot be read, or a value is not `name=value` or names no input.
        ArchiveError: there is no such project or session.
        CommandError: the file holds no command, or it does not resolve on this session.
    """
    command = _command(file)
    root = session_object(_session(Archive(archive), project, session))
    resolved = resolve(command, wrapper, root, _values(command, sets))
    if as_json:
        print(_json(resolved))
    else:
        _show(resolved)
    return 0


def _command(file: Path) -> Command:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"FILE: must be a readable command JSON; found: {reason}.") from error
    tree = to_python(parse(text))
    if not isinstance(tree, dict):
        raise CommandError("FILE: must hold one command, a JSON object; found something else.")
    return Command.from_json(tree)


def _session(archive: Archive, project: str | None, label: str) -> Session:
    if project is not None:
        return archive.session(project, label)
    sessions = [s for name in archive.projects() for s in archive.sessions(name)]
    named = [s for s in sessions if label in (s.label, s.id)]
    if len(named) == 1:
        return named[0]
    raise ArchiveError(
        f"--session: must name one session of the archive; found {len(named)} of {label!r}.",
        hint="Say which: --project NAME." if named else _known(archive),
    )


def _known(archive: Archive) -> str:
    """Where to look for a session's name."""
    projects = ", ".join(archive.projects())
    if not projects:
        return "There is no archive at --archive: import DICOM first, or check the path."
    return f"List them: sarcoma archive list --archive DIR --project NAME; projects: {projects}."


def _values(command: Command, sets: Sequence[str]) -> Mapping[str, str]:
    """The values given, every name one that an input has."""
    specs: list[CommandInput | ExternalInput] = [*command.inputs]
    for wrapper in command.xnat:
        specs += [*wrapper.external_inputs, *wrapper.derived_inputs]
    known = {spec.name for spec in specs}
    values = {}
    for text in sets:
        name, sign, value = text.partition("=")
        if not sign or name not in known:
            raise UsageError(
                f"--set: must be NAME=VALUE with the name of an input; found {name!r}.",
                hint=f"Inputs of this command: {', '.join(sorted(known)) or 'none'}.",
            )
        values[name] = value
    return values


def _json(resolved: ResolvedCommand) -> str:
    """The resolved command with keys in the service's words; an input is a row, its trees are left out."""
    tree = asdict(
        replace(resolved, inputs=()), dict_factory=lambda pairs: {kebab(key): v for key, v in pairs}
    )
    tree["inputs"] = [row._asdict() for row in resolved.rows()]
    return json.dumps(tree, indent=2, default=str)


def _show(resolved: ResolvedCommand) -> None:
    table("Command", ("what", "value"), _facts(resolved))
    table("Inputs", ("input", "part", "type", "value", "from"), _inputs(resolved))
    table("Mounts", ("mount", "path", "mode", "behind it"), map(_mount, resolved.mounts))
    table("Outputs", ("output", "lies in", "becomes", "below"), map(_output, resolved.outputs))
    table("Environment", ("variable", "value"), _environment(resolved))


def _facts(resolved: ResolvedCommand) -> Iterator[tuple[str, str]]:
    host = resolved.host
    yield "command", resolved.name
    yield "wrapper", resolved.wrapper
    yield "image", resolved.image
    yield "entrypoint", " ".join(resolved.entrypoint) if resolved.entrypoint else "the image's own"
    yield from (("argument", argument) for argument in resolved.arguments)
    limits = {
        "working directory": resolved.working_directory,
        "reserve memory": host.reserve_memory and f"{host.reserve_memory} MiB",
        "limit memory": host.limit_memory and f"{host.limit_memory} MiB",
        "limit cpu (cores)": host.limit_cpu and f"{host.limit_cpu:g}",
        "runtime": host.runtime,
        "gpus": host.gpus and f"{host.gpus} (applied by no backend)",
    }
    yield from ((name, str(value)) for name, value in limits.items() if value)
    yield from (("generic resource", f"{name}={value}") for name, value in host.generic_resources.items())
    yield from (("port", f"{inside} on {outside}") for inside, outside in resolved.ports.items())
    yield from (("label", f"{name}={value}") for name, value in resolved.container_labels.items())
    yield from (("setup command", f"{one.reference} fills {one.mount}") for one in resolved.setup)
    yield from (("wrapup command", f"{one.reference} for {one.handler}") for one in resolved.wrapup)


def _inputs(resolved: ResolvedCommand) -> Iterator[tuple[str, ...]]:
    for row in resolved.rows():
        yield row.name, row.role, row.type, "(none)" if row.value is None else row.value, row.origin


def _mount(mount: ResolvedMount) -> tuple[str, ...]:
    behind = f"filled by {mount.setup}" if mount.setup else str(mount.source or "an empty build folder")
    copied = " (a copy of it)" if mount.copied else ""
    return mount.name, mount.path, "read-write" if mount.writable else "read-only", behind + copied


def _output(output: ResolvedOutput) -> tuple[str, ...]:
    place = f"{output.mount}/{output.path}".rstrip("/")
    form = f" ({output.format})" if output.format else ""
    parent = output.parent_uri or f"what {output.parent} creates"
    required = " required" if output.required else ""
    return output.output + required, place, f"{output.type} {output.label}{form}", parent


def _environment(resolved: ResolvedCommand) -> Iterator[tuple[str, str]]:
    yield from resolved.environment.items()
    yield from ((name, "(set by the server at launch)") for name in resolved.from_server)
