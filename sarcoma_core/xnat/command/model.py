"""The command of the XNAT Container Service: what a generator writes and a resolver reads.

The models are the one place where the service's keys, kinds and defaults are declared; binding, rules and
lint read them off. They are strict: a field that the service rejects when it is missing is required here, and
an unknown word or key is an error. For a text of unknown quality use `xnat.validation.rules.validate`.

Source: Container Service 3.7.3, ``Command.CommandCreation`` (the body of ``POST /xapi/commands``).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import (
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    model_serializer,
)

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.binding import AlsoReads, Immutable, NotNull, NullIs, NullsKept, bind
from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.json_text import tree_of

InputType = Literal["string", "boolean", "number", "select-one", "select-many", "file"]
WrapperInputType = Literal[
    "string",
    "boolean",
    "number",
    "Directory",
    "File[]",
    "File",
    "Project",
    "ProjectAsset",
    "Subject",
    "SubjectAssessor",
    "Session",
    "Scan",
    "Assessor",
    "Resource",
    "Config",
    "file",
]
CommandType = Literal["docker", "docker-setup", "docker-wrapup"]
Visibility = Literal["public", "private", "protected"]
MultipleDelimiter = Literal["quoted-space", "space", "comma", "flag"]
HandlerType = Literal["Resource", "Assessor", "Scan"]


_READING = "reading"


def kebab(name: str) -> str:
    """The wire's key for a Python field name: ``command_line`` is ``command-line``."""
    return name.replace("_", "-")


class CommandPart(BaseModel):
    """What every part of a command has in common: kebab-case keys, frozen, no unknown field."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(kebab), validate_by_name=True, frozen=True, extra="forbid"
    )


def _input_type(word: object, info: ValidationInfo) -> object:
    """When reading, a word as the service stores it: every word that it does not know becomes string."""
    if info.context != _READING or word in get_args(InputType):
        return word
    return "file" if word == "File" else "string"


class Mount(CommandPart):
    """A folder of the container; fed by a wrapper input, or an empty build folder that outputs lie in."""

    name: Annotated[str, NullIs("")]
    path: str
    writable: bool = False


class CommandInput(CommandPart):
    """A value for the command line or another templated field."""

    name: Annotated[str, NotNull()]
    label: str | None = None
    description: str | None = None
    type: Annotated[InputType, BeforeValidator(_input_type)] = "string"
    required: bool = False
    matcher: str | None = None
    default_value: str | None = None
    replacement_key: str | None = None
    command_line_flag: str | None = None
    command_line_separator: str | None = None
    true_value: str | None = None
    false_value: str | None = None
    sensitive: bool | None = None
    select_values: tuple[str, ...] = ()
    multiple_delimiter: MultipleDelimiter | None = None

    @property
    def key(self) -> str:
        """The text that stands for this input in a template; ``#name#`` unless declared."""
        return replacement_key(self.name, self.replacement_key)


class CommandOutput(CommandPart):
    """What a command leaves behind: everything directly under ``mount`` / ``path`` (``glob`` is ignored)."""

    name: str
    mount: str
    description: str | None = None
    required: bool | None = None
    path: str | None = None
    glob: str | None = None


class ExternalInput(CommandPart):
    """A wrapper input that the launch names; the first one is the root element."""

    name: Annotated[str, NotNull()]
    label: str | None = None
    description: str | None = None
    type: WrapperInputType = "string"
    matcher: str | None = None
    provides_value_for_command_input: str | None = None
    provides_files_for_command_mount: str | None = None
    via_setup_command: str | None = None
    default_value: str | None = None
    user_settable: bool | None = None
    replacement_key: str | None = None
    required: bool = True
    load_children: bool = True
    sensitive: bool | None = None

    @property
    def key(self) -> str:
        """The text that stands for this input in a template; ``#name#`` unless declared."""
        return replacement_key(self.name, self.replacement_key)


class DerivedInput(ExternalInput):
    """A wrapper input that is found from an earlier one."""

    derived_from_wrapper_input: str
    derived_from_xnat_object_property: str | None = None
    multiple: bool = False
    parser: str | None = None


class OutputHandler(CommandPart):
    """Where in XNAT an output goes."""

    name: str
    accepts_command_output: str
    as_a_child_of: Annotated[str, AlsoReads("as-a-child-of-wrapper-input")]
    via_wrapup_command: str | None = None
    type: HandlerType = "Resource"
    xsi_type: str | None = None
    label: str | None = None
    format: str | None = None
    description: str | None = None
    content: str | None = None
    tags: tuple[str, ...] = ()


class Wrapper(CommandPart):
    """One way of running the command on an XNAT object."""

    name: str
    label: str | None = None
    description: str | None = None
    contexts: tuple[str, ...] = ()
    external_inputs: tuple[ExternalInput, ...] = ()
    derived_inputs: tuple[DerivedInput, ...] = ()
    output_handlers: tuple[OutputHandler, ...] = ()


class Tagged(CommandPart):
    """A part that the wire tells by a ``type``; one implementation each, so it is no field here."""

    type_id: ClassVar[str]
    has_setters: ClassVar[bool] = True

    identifier: str

    @model_serializer(mode="wrap")
    def _with_type(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return {"type": self.type_id, **handler(self)}


class SecretSource(Tagged):
    """Where the server finds a secret: a Java system property."""

    type_id = "system-property"


class SecretDestination(Tagged):
    """Where the container finds a secret: an environment variable."""

    type_id = "environment-variable"


class Secret(CommandPart):
    """A value that the server knows and that never stands in the command."""

    has_setters: ClassVar[bool] = True

    source: SecretSource
    destination: SecretDestination


class Command(CommandPart):
    """A whole command, as ``POST /xapi/commands`` takes it.

    Memory is in MiB, ``shm_size`` in bytes, ``limit_cpu`` in cores. The service keeps ``gpus`` and applies it
    on no backend.
    """

    name: str
    image: str
    label: str | None = None
    description: str | None = None
    version: str | None = None
    schema_version: str | None = None
    info_url: str | None = None
    container_name: str | None = None
    type: CommandType = "docker"
    index: str | None = None
    hash: str | None = None
    working_directory: str | None = None
    command_line: str | None = None
    command_metadata: dict[str, JsonValue] = Field(default_factory=dict)
    override_entrypoint: bool | None = None
    mounts: tuple[Mount, ...] = ()
    environment_variables: dict[str, str] = Field(default_factory=dict)
    ports: dict[str, str] = Field(default_factory=dict)
    inputs: tuple[CommandInput, ...] = ()
    outputs: tuple[CommandOutput, ...] = ()
    xnat: tuple[Wrapper, ...] = ()
    reserve_memory: int | None = None
    limit_memory: int | None = None
    limit_cpu: float | None = None
    runtime: str | None = None
    # Creation reads "ipcMode" only; "ipc-mode" is what an update reads and the server answers.
    ipc_mode: Annotated[str | None, Field(alias="ipcMode")] = None
    auto_remove: bool | None = None
    shm_size: int | None = None
    network: str | None = None
    container_labels: Annotated[dict[str, str], Immutable()] = Field(default_factory=dict)
    gpus: str | None = None
    generic_resources: Annotated[dict[str, str], Immutable()] = Field(default_factory=dict)
    ulimits: dict[str, str] = Field(default_factory=dict)
    secrets: Annotated[tuple[Secret, ...], NullsKept()] = ()
    visibility: Visibility = "public"

    def to_json(self) -> dict[str, JsonValue]:
        """The JSON body, keys in the service's words and in declared order, defaults left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)

    @classmethod
    def from_json(cls, tree: Mapping[str, JsonValue], *, image: str | None = None) -> Self:
        """Read a command as the service does: unknown keys fall away, scalars are coerced, null is default.

        Args:
            tree: the parsed JSON object, of a file, an image label or the server's own listing.
            image: what to run when ``tree`` does not say, as in an image label.

        Raises:
            CommandError: ``tree`` cannot be bound, or breaks a rule that this model states.
        """
        node = bind(cls, tree_of({**tree, **({"image": image} if image else {})}))
        try:
            return cls.model_validate(node.as_tree(), context=_READING)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/".join(str(step) for step in first["loc"])
            raise CommandError(f"command: {where}: {first['msg']}.") from error


def replacement_key(name: str, declared: str | None) -> str:
    """The text that stands for an input in a template: the declared key unless blank, else ``#name#``."""
    return f"#{name}#" if is_blank(declared) else str(declared)
