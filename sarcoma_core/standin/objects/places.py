"""What a path below /data is about: which object, which collection of it, which resource, which file.

    /data/projects/P/subjects/S/experiments/E/scans/1,2/resources/DICOM/files/a/b.dcm
          '---------- above -------------' '-- items --' '- resources -' '- file -'

Ids and labels both name an object, and `/data/archive/...` is `/data/...`. A last name that is not there yet
is no error here: it is what a PUT will make.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sarcoma_core.standin.answers import NOT_FOUND, Refusal
from sarcoma_core.standin.objects.items import Item, ItemKind, Items

_COLLECTIONS: dict[str, dict[str, ItemKind]] = {
    "": {"projects": "project", "subjects": "subject", "experiments": "experiment"},
    "project": {"subjects": "subject", "experiments": "experiment"},
    "subject": {"experiments": "experiment"},
    "experiment": {"scans": "scan", "assessors": "assessor", "reconstructions": "assessor"},
    "scan": {},
    "assessor": {},
}
_ALL = ("ALL", "*")


@dataclass(frozen=True)
class Place:
    """What a path is about.

    Args:
        kind: what the items are.
        above: what they belong to; None at the root.
        name: the name asked for; empty when the whole collection is.
        items: the objects of that name, or of the collection.
        resources: labels or numbers of resources, `()` for all of them; None when the path ends before.
        file: a file's name; `""` for all files; None when the path ends before.
        words: what follows an object and is no collection, such as `users/Owners/login`.
    """

    kind: ItemKind
    above: Item | None = None
    name: str = ""
    items: tuple[Item, ...] = ()
    resources: tuple[str, ...] | None = None
    file: str | None = None
    words: tuple[str, ...] = ()

    @property
    def item(self) -> Item:
        """The one object that the path names.

        Raises:
            Refusal: 404, there is none.
        """
        if not self.items or not self.name:
            raise self.missing
        return self.items[0]

    @property
    def missing(self) -> Refusal:
        """What is said where there is no such object."""
        return Refusal(404, f"Unable to find the specified {self.kind}.")


def find_place(items: Items, parts: Sequence[str], *, sees: Callable[[str], bool]) -> Place:
    """Find what a path below /data is about.

    Args:
        items: the objects.
        parts: its parts, without `data`.
        sees: whether who asks may see a project.

    Raises:
        Refusal: 404, it is no path of the tree, or an object on the way is not there, or is not seen: nobody
            is told which, as a label may be a name.
    """
    rest = tuple(parts[1:] if parts[:1] == ("archive",) else parts)
    above: Item | None = None
    while True:
        known = _COLLECTIONS[above.kind if above else ""]
        if not rest or rest[0] not in known:
            raise _nothing_there()
        kind, collection, rest = known[rest[0]], rest[0], rest[1:]
        if not rest:
            return Place(kind, above, "", _collection(items, kind, collection, above))
        name, rest = rest[0], rest[1:]
        place = Place(kind, above, name, _named(items, kind, name, above))
        if not all(sees(item.project) for item in place.items):
            raise place.missing
        if not rest:
            return place
        if rest[0] not in _COLLECTIONS[kind]:
            return _inside(place, rest)
        above = place.item


def _collection(items: Items, kind: ItemKind, collection: str, above: Item | None) -> tuple[Item, ...]:
    """Every object of a collection."""
    if kind == "project":
        return items.projects()
    if above is None:
        projects = [project.id for project in items.projects()]
        show = items.subjects if kind == "subject" else items.experiments
        return tuple(item for project in projects for item in show(project))
    if kind == "subject":
        return items.subjects(above.id)
    if kind == "experiment":
        return items.experiments(above.project, above.label if above.kind == "subject" else None)
    if collection == "reconstructions":
        return ()
    return items.scans(above) if kind == "scan" else items.assessors(above)


def _named(items: Items, kind: ItemKind, name: str, above: Item | None) -> tuple[Item, ...]:
    """The objects of a name; scans and assessors may be named several at once, or ALL."""
    project = above.project if above else None
    item: Item | None
    if kind == "project":
        item = items.find_project(name)
    elif kind == "subject":
        item = items.find_subject(name, project)
    elif kind == "experiment":
        subject = above.label if above and above.kind == "subject" else None
        item = items.find_experiment(name, project, subject) or items.find_assessor(name)
    else:
        return _several(_collection(items, kind, "", above), name)
    # An assessor is found by its id wherever it is, and who may see this project need not see another one.
    return (item,) if item and project in (None, item.project) else ()


def _several(held: tuple[Item, ...], name: str) -> tuple[Item, ...]:
    """Scans by ids, by types, or all of them, as XNAT takes them: `4,7`, `AX T2 FS`, `ALL`."""
    if name in _ALL:
        return held
    if called := tuple(item for item in held if item.is_called(name)):
        return called
    wanted = name.split(",")
    typed = {item.id for item in held if item.kind == "scan" and item.values.get("type") in (name, *wanted)}
    return tuple(i for i in held if i.id in typed or any(i.is_called(each) for each in wanted))


def _inside(place: Place, rest: tuple[str, ...]) -> Place:
    """What is asked of an object: its resources, its files, or something else."""
    if place.kind == "assessor" and rest[0] in ("in", "out") and len(rest) > 1:
        rest = rest[1:]  # an assessor's resources: what went in is not kept here, what came out is
    match rest:
        case ("resources",):
            _require(place)
            return replace(place, resources=())
        case ("resources", names):
            return replace(place, resources=_labels(names), name=_require(place))
        case ("resources", names, "files", *path):
            return replace(place, resources=_labels(names), file="/".join(path), name=_require(place))
        case ("files", *path):
            return replace(place, resources=(), file="/".join(path), name=_require(place))
        case _:
            return replace(place, words=rest)


def _labels(names: str) -> tuple[str, ...]:
    return () if names in _ALL else tuple(names.split(","))


def _require(place: Place) -> str:
    """The name of objects that have to be there; ALL of none is none."""
    if not place.items and place.name not in _ALL:
        raise place.missing
    return place.name


def _nothing_there() -> Refusal:
    return Refusal(404, NOT_FOUND)
