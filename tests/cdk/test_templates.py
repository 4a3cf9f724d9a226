"""CloudFormation's functions are worked out, within a stack and between two."""

from typing import Any

import pytest

from sarcoma_cdk.invariants.rules import is_true, number
from sarcoma_cdk.invariants.templates import Stack, Templates
from tests.cdk.editing import Tree

pytestmark = pytest.mark.cdk


def _worked_out(value: Any, **resources: Tree) -> Any:
    template = {
        "Parameters": {"Given": {"Default": "by default"}},
        "Resources": {
            "Asked": {"Type": "X", "Properties": {"Value": value}},
            "B": {"Type": "Y"},
            **resources,
        },
    }
    other = {
        "Resources": {"A": {"Type": "Z"}},
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "Arn"]}, "Export": {"Name": "other:A"}}},
    }
    stacks = {
        name: Stack(name, each, "123456789012", "ca-central-1", protected=True)
        for name, each in (("one", template), ("other", other))
    }
    return Templates(stacks).of("X")[0].properties.get("Value", "absent")


@pytest.mark.parametrize(
    ("value", "worked_out"),
    [
        ({"Ref": "B"}, "${one/B}"),
        ({"Ref": "Given"}, "by default"),
        ({"Ref": "AWS::Region"}, "ca-central-1"),
        ({"Ref": "AWS::NoValue"}, "absent"),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
        ({"Fn::GetAtt": ["B", "Arn"]}, "${one/B.Arn}"),
        ({"Fn::GetAtt": "B.Arn"}, "${one/B.Arn}"),
        ({"Fn::ImportValue": "other:A"}, "${other/A.Arn}"),
        ({"Fn::ImportValue": {"Fn::Sub": "other:A"}}, "${other/A.Arn}"),
        ({"Fn::ImportValue": "nobody's"}, "an export nobody's that no stack has"),
        ({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":", {"Ref": "B"}]]}, "arn:aws:${one/B}"),
        (
            {"Fn::Sub": "${AWS::AccountId}/${B}/${B.Arn}/${!Literal}"},
            "123456789012/${one/B}/${one/B.Arn}/${Literal}",
        ),
        ({"Fn::Sub": ["${X}-${B}", {"X": {"Ref": "Given"}}]}, "by default-${one/B}"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "B"}]}]}, "${one/B.Part1}"),
        ({"Fn::Select": [7, ["a"]]}, "a Fn::Select that cannot be worked out"),
        ({"Fn::Base64": {"Fn::Sub": "x"}}, "x"),
        ({"Plain": {"Ref": "B"}}, {"Plain": "${one/B}"}),
    ],
)
def test_a_function_is_worked_out(value: Any, worked_out: Any) -> None:
    assert _worked_out(value) == worked_out


@pytest.mark.parametrize(
    ("value", "taken"), [(True, True), ("true", True), ("True", True), (False, False), (1, False)]
)
def test_true_is_a_boolean_or_its_word(value: Any, *, taken: bool) -> None:
    assert is_true(value) is taken


@pytest.mark.parametrize(
    ("value", "worth"), [(3, 3), ("3", 3), (3.5, 3.5), (None, None), ("x", None), (True, None)]
)
def test_what_is_no_number_is_less_than_any(value: Any, worth: float | None) -> None:
    assert number(value) == (float("-inf") if worth is None else worth)
