"""Policy statements, in whichever of their forms they are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed

_NEGATED = ("NotAction", "NotPrincipal", "NotResource")


@dataclass(frozen=True)
class Statement:
    """One statement.

    Args:
        effect: `Allow` or `Deny`.
        actions: its actions.
        resources: its resources.
        principals: kind and name of each: `("Service", "ec2.amazonaws.com")`, `("AWS", "*")` for anybody.
        conditions: for each operator its keys, each with its values as texts.
        negated: elements that say what is left out.
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    negated: tuple[str, ...]

    @property
    def allows(self) -> bool:
        """Whether it lets somebody do something; a statement that is neither is one that does."""
        return self.effect != "Deny"

    def holds(self, operator: str, key: str, *values: str) -> bool:
        """Whether it holds only where a key has one of some values.

        Args:
            operator: e.g. `StringEquals`.
            key: e.g. `aws:PrincipalAccount`; its letters' case does not matter.
            values: the values, none of which has to be there, while no other may.
        """
        keys = {name.lower(): found for name, found in self.conditions.get(operator, {}).items()}
        found = keys.get(key.lower(), ())
        return bool(found) and set(found) <= set(values)


def statements(document: Json) -> tuple[Statement, ...]:
    """The statements of a policy document.

    Args:
        document: the worked-out document.
    """
    found = listed(document.get("Statement")) if isinstance(document, Mapping) else ()
    return tuple(_statement(each) for each in found if isinstance(each, Mapping))


def _statement(each: Mapping[str, Json]) -> Statement:
    conditions = each.get("Condition") or {}
    return Statement(
        effect=str(each.get("Effect")),
        actions=_texts(each.get("Action")),
        resources=_texts(each.get("Resource")),
        principals=tuple(_principals(each.get("Principal"))),
        conditions={
            operator: {key: _texts(value) for key, value in keys.items()}
            for operator, keys in conditions.items()
        },
        negated=tuple(name for name in _NEGATED if name in each),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed(value))


def _principals(value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for kind, names in value.items():
            for name in listed(names):
                yield kind, str(name)
    else:
        for name in listed(value):
            yield "AWS", str(name)


def identity_policies(templates: Templates, role: Resource) -> Iterator[tuple[Resource, Statement]]:
    """What a role may do: each statement of its own policies, and of those that are put on it.

    Args:
        templates: the site's templates.
        role: the role.
    """
    for policy in listed(role.get("Policies")):
        for statement in statements(policy.get("PolicyDocument")):
            yield role, statement
    for policy in templates.of("AWS::IAM::Policy"):
        if any(templates.points(each, role) for each in listed(policy.get("Roles"))):
            for statement in statements(policy.get("PolicyDocument")):
                yield policy, statement


def machine_role(templates: Templates) -> Resource | None:
    """The role of the machine, by its profile.

    Args:
        templates: the site's templates.
    """
    for machine in templates.of("AWS::EC2::Instance"):
        profile = templates.target(machine.get("IamInstanceProfile"))
        for role in listed(profile.get("Roles")) if profile else ():
            return templates.target(role)
    return None
