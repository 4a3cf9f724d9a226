"""Policy documents, made comparable: who is let in, and whether two of them say the same."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_ACCOUNT_KEYS = ("aws:principalaccount", "aws:sourceaccount", "kms:calleraccount")
"""Condition keys that hold a principal to one account."""


def statements(document: str | Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements of a policy document.

    Args:
        document: JSON, URL-encoded JSON, or its tree; None for no policy.
    """
    if not document:
        return []
    if isinstance(document, str):
        return statements(json.loads(document if document.lstrip().startswith("{") else unquote(document)))
    found: Any = document["Statement"]
    return [dict(each) for each in (found if isinstance(found, list) else [found])]


def as_list(value: object) -> list[str]:
    """A value of a policy, which may be one text or a list of them.

    Args:
        value: the value.
    """
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and name of each principal of a statement.

    Args:
        statement: the statement; `*` and `{"AWS": "*"}` are the same to IAM.
    """
    found = statement.get("Principal", {})
    if isinstance(found, str):
        yield "AWS", found
        return
    for kind, names in found.items():
        for name in as_list(names):
            yield kind, name


def held_to(statement: Mapping[str, Any], account: str) -> bool:
    """Whether a statement's conditions hold its principals to one account.

    Args:
        statement: the statement.
        account: the account.
    """
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            if operator == "StringEquals" and key.lower() in _ACCOUNT_KEYS and as_list(values) == [account]:
                return True
    return False


def strangers(document: str | Mapping[str, Any] | None, account: str) -> Iterator[str]:
    """Who is let in and belongs to another account, or to nobody.

    Args:
        document: a resource's policy.
        account: the account that it belongs to.
    """
    for statement in statements(document):
        if statement["Effect"] != "Allow" or held_to(statement, account):
            continue
        if "NotPrincipal" in statement:
            yield "everybody but " + json.dumps(statement["NotPrincipal"], sort_keys=True)
        for kind, name in principals(statement):
            ours = kind == "Service" or name == account or name.startswith(f"arn:aws:iam::{account}:")
            if not ours:
                yield "everybody" if name == "*" else name


def canonical(statement: Mapping[str, Any], *, sid: bool = False) -> str:
    """A statement as one text: lists in order, one text and a list of one the same.

    Args:
        statement: the statement.
        sid: whether its name counts.
    """
    parts: dict[str, Any] = {
        key: sorted(as_list(statement[key])) for key in ("Action", "Resource") if key in statement
    }
    known = {"Action", "Resource", "Condition", "Effect", "Principal", "Sid"}
    parts |= {key: statement[key] for key in statement if key not in known}
    parts["Effect"] = statement["Effect"]
    parts["Principal"] = sorted(principals(statement))
    parts["Condition"] = {
        operator: {key: sorted(as_list(values)) for key, values in keys.items()}
        for operator, keys in statement.get("Condition", {}).items()
    }
    if sid:
        parts["Sid"] = statement.get("Sid", "")
    return json.dumps(parts, sort_keys=True)


def refuses(document: str | Mapping[str, Any] | None, operator: str, key: str, value: str) -> bool:
    """Whether a policy refuses everybody everything under one condition.

    Args:
        document: a resource's policy.
        operator: of the condition, e.g. `Bool`.
        key: of the condition.
        value: of the condition.
    """
    for statement in statements(document):
        conditions = statement.get("Condition", {})
        if (
            statement["Effect"] == "Deny"
            and ("AWS", "*") in list(principals(statement))
            and {"s3:*", "*"} & set(as_list(statement.get("Action")))
            and list(conditions) == [operator]
            and {name: as_list(found) for name, found in conditions[operator].items()} == {key: [value]}
        ):
            return True
    return False
