"""Edits of a template, as an editor's hand or an override makes them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Tree = dict[str, Any]
Edit = Callable[[Tree], None]


@dataclass(frozen=True)
class Mutation:
    """One change for the worse.

    Args:
        name: what was done.
        part: the stack's part that it is done to.
        edit: does it.
        rule: the invariant that has to see it.
        site: the example site that it is done to.
    """

    name: str
    part: str
    edit: Edit
    rule: str
    site: str = "example"


def named(template: Tree, kind: str, begin: str = "") -> Tree:
    """The first resource of a type whose logical id begins so."""
    return next(
        each
        for name, each in template["Resources"].items()
        if each["Type"] == kind and name.startswith(begin)
    )


def logical_id(template: Tree, kind: str, begin: str = "") -> str:
    found = named(template, kind, begin)
    return next(name for name, each in template["Resources"].items() if each is found)


def put(kind: str, path: str, value: Any, begin: str = "") -> Edit:
    """Set a property; a number in the path is a place in a list, and `+` one after its end."""

    def edit(template: Tree) -> None:
        *way, last = path.split(".")
        tree: Any = named(template, kind, begin)["Properties"]
        for name in way:
            tree = tree[int(name)] if isinstance(tree, list) else tree.setdefault(name, {})
        if last == "+":
            tree.append(value)
        elif isinstance(tree, list):
            tree[int(last)] = value
        else:
            tree[last] = value

    return edit


def drop(kind: str, path: str, begin: str = "") -> Edit:
    """Take a property away."""

    def edit(template: Tree) -> None:
        *way, last = path.split(".")
        tree: Any = named(template, kind, begin)["Properties"]
        for name in way:
            tree = tree[int(name)] if isinstance(tree, list) else tree[name]
        del tree[int(last) if isinstance(tree, list) else last]

    return edit


def policy(kind: str, field: str, value: str | None, begin: str = "") -> Edit:
    """Set a resource's DeletionPolicy or UpdateReplacePolicy; None takes it away."""

    def edit(template: Tree) -> None:
        resource = named(template, kind, begin)
        resource.pop(field, None)
        if value:
            resource[field] = value

    return edit


def remove(kind: str, begin: str = "") -> Edit:
    """Take a resource away, and every order after it, as a hand would."""

    def edit(template: Tree) -> None:
        gone = logical_id(template, kind, begin)
        del template["Resources"][gone]
        for each in template["Resources"].values():
            after = each.get("DependsOn", [])
            each["DependsOn"] = [
                name for name in ([after] if isinstance(after, str) else after) if name != gone
            ]

    return edit


def add(kind: str, properties: Tree | Callable[[Tree], Tree], **more: Any) -> Edit:
    """Add a resource; its properties may look at the template."""

    def edit(template: Tree) -> None:
        made = properties(template) if callable(properties) else properties
        template["Resources"]["Added"] = {"Type": kind, "Properties": made, **more}

    return edit


def ref(kind: str, begin: str = "") -> Callable[[Tree], Tree]:
    """A `Ref` to a resource of the same template."""
    return lambda template: {"Ref": logical_id(template, kind, begin)}


def statement(kind: str, document: str, begin: str = "", **fields: Any) -> Edit:
    """Add a statement to a policy."""
    return put(kind, f"{document}.Statement.+", {"Effect": "Allow", **fields}, begin)


def mutations(
    part: str, rows: Iterable[tuple[str, Edit, str]], *, site: str = "example"
) -> tuple[Mutation, ...]:
    """The mutations of one part, from rows of name, edit and rule."""
    return tuple(Mutation(name, part, edit, rule, site) for name, edit, rule in rows)
