"""Where a wrapper may be run, and with which defaults: switches and settings of the site and of projects.

A new wrapper is off at both levels.

Source: Container Service 3.7.3, ``ContainerConfigServiceImpl``, ``CommandConfiguration``.
"""

from collections.abc import Callable, Iterator

from sarcoma_core.standin.documents import Document, Documents

_ENABLED, _CONFIG = "wrapper-enabled", "wrapper-config"
_INPUT_KEYS = ("default-value", "matcher", "user-settable", "advanced", "required")


class Enabling:
    """Switches and settings by wrapper; those of the site and of each project.

    Args:
        documents: where they are kept.

    Attributes:
        off_at_site: who is told of a wrapper that is disabled for the site.
    """

    def __init__(self, documents: Documents) -> None:
        self.off_at_site: list[Callable[[int], None]] = []
        self._documents = documents

    def is_on(self, wrapper_id: int, project: str | None = None) -> bool:
        """Whether a wrapper is enabled at the site, or in a project (whatever the site says)."""
        return bool((self._documents.get(_ENABLED, _key(wrapper_id, project)) or {}).get("enabled", False))

    def switch(self, wrapper_id: int, *, on: bool, project: str | None = None) -> None:
        """Enable or disable a wrapper; a project that does not exist is no error, as in the service."""
        self._documents.put(_ENABLED, _key(wrapper_id, project), {"enabled": on})
        self._tell(wrapper_id, project)

    def projects(self, wrapper_id: int) -> tuple[str, ...]:
        """The projects in which a wrapper is enabled."""
        prefix = _key(wrapper_id, "")
        switches = self._documents.all(_ENABLED).items()
        return tuple(
            key.removeprefix(prefix) for key, kept in switches if key.startswith(prefix) and kept["enabled"]
        )

    def configure(self, wrapper_id: int, settings: Document, project: str | None = None) -> None:
        """Keep settings."""
        kept = {part: settings.get(part) or {} for part in ("inputs", "outputs")}
        self._documents.put(_CONFIG, _key(wrapper_id, project), kept)

    def unconfigure(self, wrapper_id: int, project: str | None = None) -> None:
        """Forget settings; the switch goes with them, as they are one record in the service."""
        self._documents.delete(_CONFIG, _key(wrapper_id, project))
        self._documents.delete(_ENABLED, _key(wrapper_id, project))
        self._tell(wrapper_id, project)

    def configuration(
        self, command: Document, wrapper: Document, project: str | None = None
    ) -> dict[str, dict[str, Document]]:
        """The settings of a wrapper, filled in from its declaration; a project's lie over the site's."""
        kept = [self._documents.get(_CONFIG, _key(wrapper["id"], None))]
        kept += [self._documents.get(_CONFIG, _key(wrapper["id"], project))] if project else []
        inputs = {declared["name"]: _declared(declared) for declared in _inputs(command, wrapper)}
        outputs = {
            h["name"]: {"type": h.get("type"), "label": h.get("label")} for h in wrapper["output-handlers"]
        }
        for settings in kept:
            for name, changed in ((settings or {}).get("inputs") or {}).items():
                inputs.get(name, {}).update(_told(changed, _INPUT_KEYS))
            for name, changed in ((settings or {}).get("outputs") or {}).items():
                outputs.get(name, {}).update(_told(changed, ("label",)))
        return {"inputs": inputs, "outputs": outputs}

    def configured(self, command: Document, wrapper: Document, project: str | None = None) -> Document:
        """A command with this wrapper alone, its settings put into the declarations."""
        settings = self.configuration(command, wrapper, project)

        def with_settings(declared: Document) -> Document:
            return {**declared, **_told(settings["inputs"].get(declared["name"], {}), _INPUT_KEYS[:3])}

        own = {
            **wrapper,
            "external-inputs": [with_settings(i) for i in wrapper["external-inputs"]],
            "derived-inputs": [with_settings(i) for i in wrapper["derived-inputs"]],
            "output-handlers": [{**h, **settings["outputs"][h["name"]]} for h in wrapper["output-handlers"]],
        }
        return {**command, "inputs": [with_settings(i) for i in command["inputs"]], "xnat": [own]}

    def forget(self, wrapper_id: int) -> None:
        """Forget everything about a wrapper that is deleted."""
        for kind in (_ENABLED, _CONFIG):
            for key in self._documents.all(kind):
                if key.startswith(f"{wrapper_id}/"):
                    self._documents.delete(kind, key)

    def _tell(self, wrapper_id: int, project: str | None) -> None:
        for listener in self.off_at_site if project is None and not self.is_on(wrapper_id) else ():
            listener(wrapper_id)


def _key(wrapper_id: int, project: str | None) -> str:
    return f"{wrapper_id}/site" if project is None else f"{wrapper_id}/project/{project}"


def _inputs(command: Document, wrapper: Document) -> Iterator[Document]:
    """The inputs that can be set: those of the wrapper, and those of the command that it does not feed."""
    own = [*wrapper["external-inputs"], *wrapper["derived-inputs"]]
    yield from own
    fed = {declared.get("provides-value-for-command-input") for declared in own}
    yield from (declared for declared in command["inputs"] if declared["name"] not in fed)


def _declared(declared: Document) -> Document:
    told = {"description", "type", *_INPUT_KEYS}
    return {
        "user-settable": True,
        "advanced": False,
        **{key: value for key, value in declared.items() if key in told},
    }


def _told(settings: object, keys: tuple[str, ...]) -> Document:
    kept = settings if isinstance(settings, dict) else {}
    return {key: kept[key] for key in keys if kept.get(key) is not None}
