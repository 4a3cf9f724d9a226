"""Policy documents, compared as IAM understands them."""

import json

import pytest

from sarcoma_cdk.verify.policies import canonical, held_to, refuses, statements, strangers

pytestmark = pytest.mark.cdk
US, THEM = "123456789012", "999999999999"


def policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", **statement}})


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_everybody_is_a_stranger(principal: object) -> None:
    assert list(strangers(policy(Principal=principal), US)) == ["everybody"]


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": US},
        {"AWS": f"arn:aws:iam::{US}:root"},
        {"AWS": [f"arn:aws:iam::{US}:role/reader"]},
        {"Service": "logs.amazonaws.com"},
    ],
)
def test_the_account_itself_and_services_are_none(principal: object) -> None:
    assert list(strangers(policy(Principal=principal), US)) == []


def test_another_account_is_a_stranger_by_its_arn_and_by_its_number() -> None:
    found = strangers(policy(Principal={"AWS": [THEM, f"arn:aws:iam::{THEM}:root", US]}), US)
    assert list(found) == [THEM, f"arn:aws:iam::{THEM}:root"]


def test_a_federation_is_a_stranger() -> None:
    assert list(strangers(policy(Principal={"Federated": "accounts.google.com"}), US)) == [
        "accounts.google.com"
    ]


def test_everybody_but_one_is_everybody() -> None:
    document = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "NotPrincipal": {"AWS": THEM}}]})
    assert list(strangers(document, US)) == [f'everybody but {{"AWS": "{THEM}"}}']


def test_whoever_is_refused_is_not_let_in() -> None:
    assert list(strangers(policy(Effect="Deny", Principal="*"), US)) == []


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": US}}, True),
        ({"StringEquals": {"AWS:SourceAccount": [US]}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": [US, THEM]}}, False),
        ({"StringLike": {"aws:PrincipalAccount": "*"}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": US}}, False),
        ({"StringEquals": {"aws:username": US}}, False),
    ],
)
def test_only_equality_with_this_account_alone_holds_a_principal(
    condition: dict[str, object],
    held: bool,  # noqa: FBT001
) -> None:
    document = policy(Principal="*", Condition=condition)
    assert held_to(statements(document)[0], US) is held
    assert (list(strangers(document, US)) == []) is held


def test_a_policy_reads_the_same_as_a_tree_as_json_and_as_iam_s_urls() -> None:
    tree = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}
    quoted = (
        "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%7D%5D%7D"
    )
    assert statements(tree) == statements(json.dumps(tree)) == statements(quoted)
    assert statements(None) == statements("") == []


def test_a_list_of_one_says_the_same_as_the_one_and_order_says_nothing() -> None:
    one = {"Effect": "Allow", "Action": "a:B", "Resource": ["x", "y"], "Principal": "*"}
    other = {"Effect": "Allow", "Action": ["a:B"], "Resource": ["y", "x"], "Principal": {"AWS": ["*"]}}
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    "change",
    [
        {"Action": ["a:B", "a:C"]},
        {"Resource": "*"},
        {"Effect": "Deny"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"NotAction": "a:D"},
    ],
)
def test_every_part_of_a_statement_counts(change: dict[str, object]) -> None:
    one = {"Effect": "Allow", "Action": "a:B", "Resource": "x"}
    assert canonical(one) != canonical({**one, **change})


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, True),
        ({"Action": ["s3:*"]}, True),
        ({"Action": "s3:GetObject"}, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{THEM}:root"}}, False),
        ({"Effect": "Allow"}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"a": "b"}}}, False),
    ],
)
def test_a_refusal_counts_when_it_is_everybody_s_and_of_everything(
    change: dict[str, object],
    refused: bool,  # noqa: FBT001
) -> None:
    whole = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = json.dumps({"Statement": [{**whole, **change}]})
    assert refuses(document, "Bool", "aws:SecureTransport", "false") is refused
