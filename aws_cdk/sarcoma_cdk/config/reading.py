"""Read a site's file: YAML in, `Site` out, and every fault of it told at once in the user's own words."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sarcoma_cdk.config.site import Site
from sarcoma_cdk.errors import ConfigError

_WORDS = (
    (r"^(Input|String) should match pattern '(.*)'$", r"must be like \2"),
    (r"^\w+ should have at least (\d+) item.*$", r"must have at least \1"),
    (r"^\w+ should ", "must "),
)
"""Pydantic's words, and those of our own rules."""
_SECRET = ("password", "client_secret")
"""Keys whose value may be what has no place in the file: it is never shown."""
_FOLDER = Path(__file__).resolve().parents[2] / "sites"


class _TwiceError(Exception):
    """A mapping says a key twice; plain YAML takes the last, and tells nobody.

    Args:
        key: the key.
        line: where it is said again, from 1.
    """

    def __init__(self, key: str, line: int) -> None:
        super().__init__(key)
        self.key, self.line = key, line


class _Once(yaml.SafeLoader):
    """YAML without objects, whose mappings say each key once."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401  PyYAML names no type
        """Read a mapping.

        Args:
            anchor: its name in the file.

        Raises:
            _TwiceError: it says a key twice.
        """
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _TwiceError(key.value, key.start_mark.line + 1)
                seen.add((key.tag, key.value))
        return node


def read_site(path: Path) -> Site:
    """Read and check a site's file.

    Args:
        path: the YAML file.

    Raises:
        ConfigError: it cannot be read, is no YAML, or breaks a rule; all broken rules are told, with their
        keys.
    """
    try:
        found = _Once(path.read_text("utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"site: must be a readable YAML file; {path} is not ({type(error).__name__}).",
            hint=f"Begin with a copy of {_FOLDER.parent.name}/{_FOLDER.name}/example.yaml",
        ) from error
    except _TwiceError as error:
        raise ConfigError(
            f"site: must say each key once; {path.name} says {error.key} again at line {error.line}.",
            hint="Remove one of the two: which is meant?",
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"site: must be YAML; {path.name} is not{where}.") from error
    if not isinstance(found, dict):
        holds = "is empty" if found is None else f"holds {type(found).__name__}"
        raise ConfigError(f"site: must hold keys and values; {path.name} {holds}.")
    try:
        return Site.model_validate(found)
    except ValidationError as error:
        faults = list(_own_faults(error.errors()))
        lines = "\n".join(f"  {_told(fault)}" for fault in faults)
        raise ConfigError(f"{path.name}: {len(faults)} to mend:\n{lines}") from error


def named_site(named: str) -> tuple[Path, Site]:
    """The site that somebody named, whose file has its name.

    Args:
        named: as for `site_file`.

    Raises:
        ConfigError: there is no such file, it breaks a rule, or it is of another name: a copy in which
        `site` was
            forgotten would be built under the name of the original.
    """
    path = site_file(named)
    site = read_site(path)
    if site.site != path.stem:
        raise ConfigError(
            f"site: must be {path.stem}, as its file is called; found {site.site!r}.",
            hint=f"Write `site: {path.stem}` into {path.name}, or rename the file.",
        )
    return path, site


def _own_faults(faults: Sequence[Any]) -> Iterator[Any]:
    """Without those that only follow: a list that is too short as its one element is wrong."""
    for fault in faults:
        inside = (each["loc"] for each in faults if each is not fault)
        if fault["type"] != "too_short" or not any(
            loc[: len(fault["loc"])] == fault["loc"] for loc in inside
        ):
            yield fault


def _told(fault: Any) -> str:  # noqa: ANN401  pydantic's ErrorDetails
    key = ".".join(str(part) for part in fault["loc"]) or "site"
    kind, found = fault["type"], fault["input"]
    if kind == "missing":
        return f"{key}: must be given"
    if kind == "extra_forbidden":
        return f"{key}: is no key of a site's file (docs/how-to/site.schema.json lists them)"
    rule = fault["msg"].removeprefix("Value error, ")
    for theirs, ours in _WORDS:
        rule = re.sub(theirs, ours, rule)
    if isinstance(found, (str, int, float)) and not key.endswith(_SECRET):
        return f"{key}: {rule}; found {found!r}"
    return f"{key}: {rule}" if key != "site" else rule


def site_file(named: str) -> Path:
    """The file of the site that somebody named.

    Args:
        named: a site's name, or the path of a file, with a `/` or the ending `.yaml`; empty where only one
        site is no example.

    Raises:
        ConfigError: there is no such file, or more than one could be meant.
    """
    examples = example_sites()
    own = sorted(set(_FOLDER.glob("*.yaml")) - set(examples))
    known = ", ".join(path.stem for path in (*own, *examples))
    if not named:
        if len(own) == 1:
            return own[0]
        raise ConfigError(
            f"site: must be named where aws_cdk/sites/ has not just one of yours; it has {len(own)}.",
            hint=f"Known are: {known}. For cdk: -c site=NAME",
        )
    # A name is one of our folder, whatever lies in the folder where somebody happens to stand.
    is_path = "/" in named or named.endswith((".yaml", ".yml"))
    path = Path(named) if is_path else _FOLDER / f"{named}.yaml"
    if path.is_file():
        return path
    raise ConfigError(
        f"site: must be a name in aws_cdk/sites/ or a YAML file; {named} is neither.",
        hint=f"Known are: {known}.",
    )


def schema() -> str:
    """The JSON Schema of a site's file, for editors; committed as `docs/how-to/site.schema.json`."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Site.model_json_schema()}
    return json.dumps(made, indent=2) + "\n"


def example_sites() -> tuple[Path, ...]:
    """The sites that come with the repository."""
    return tuple(_FOLDER / f"{name}.yaml" for name in ("example", "university"))
