"""What an invariant is: a name, a sentence, and a function that finds where it does not hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.templates import Json, Resource, Templates

_SHOWN = 160
"""Characters of a found value; a policy may be long."""


@dataclass(frozen=True)
class Fault:
    """Where a rule does not hold.

    Args:
        where: the resource, or the name of a stack.
        must: what must be.
        found: what was found.
    """

    where: Resource | str
    must: str
    found: Json = None


Check = Callable[[Templates, Site], Iterable[Fault]]


@dataclass(frozen=True)
class Rule:
    """One invariant.

    Args:
        name: what it is called, e.g. `no-way-out`.
        sentence: what holds, for a reader.
        check: finds where it does not.
    """

    name: str
    sentence: str
    check: Check


@dataclass(frozen=True)
class Finding:
    """One fault, with the rule that it breaks.

    Args:
        rule: the rule's name.
        stack: the stack's name.
        resource: the logical id; empty for the stack itself.
        must: what must be.
        found: what was found.
    """

    rule: str
    stack: str
    resource: str
    must: str
    found: str

    def __str__(self) -> str:
        where = f"{self.stack}/{self.resource}" if self.resource else self.stack
        return f"{where}: {self.must}; found {self.found} [{self.rule}]"


def broken(rule: Rule, templates: Templates, site: Site) -> Iterable[Finding]:
    """The findings of one rule.

    Args:
        rule: the rule.
        templates: the site's templates.
        site: the site.
    """
    for fault in _faults(rule, templates, site):
        where = fault.where
        stack, name = (where, "") if isinstance(where, str) else (where.stack, where.name)
        found = "nothing" if fault.found in (None, "", [], ()) else str(fault.found)
        yield Finding(
            rule.name, stack, name, fault.must, found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
        )


def _faults(rule: Rule, templates: Templates, site: Site) -> Iterable[Fault]:
    try:
        yield from rule.check(templates, site)
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        yield Fault(
            site.stack_name("Store"), "templates must have a form that the rule can read", repr(error)
        )


def is_true(value: Json) -> bool:
    """Whether CloudFormation takes a value for true.

    Args:
        value: a property.
    """
    return value is True or (isinstance(value, str) and value.lower() == "true")


def number(value: Json) -> float:
    """A number that may be written as a text; less than any other where it is none.

    Args:
        value: a property.
    """
    try:
        return float("-inf") if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return float("-inf")
