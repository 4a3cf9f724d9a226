"""What the machine is told, and the wait for its outcome."""

from tests.cdk.editing import Tree, add, mutations, named, put, remove

_PARAMETER = "AWS::SSM::Parameter"
_WAIT = "AWS::CloudFormation::WaitCondition"


def _at_once(template: Tree) -> None:
    """Let the wait begin before the machine is told anything."""
    named(template, _WAIT).pop("DependsOn")


_TOLD = (
    (
        "a password in the parameter",
        put(_PARAMETER, "Value", {"Fn::Sub": '{"secrets": {"admin": "hunter2"}, "signal": ""}'}),
        "settings",
    ),
    (
        "a secret written out by a dynamic reference",
        put(_PARAMETER, "Value", "{{resolve:secretsmanager:x}}"),
        "plain",
    ),
    ("no wait for the outcome", remove(_WAIT), "waited-for"),
    ("a wait before the machine is told", _at_once, "waited-for"),
    ("a wait of a minute", put(_WAIT, "Timeout", "60"), "waited-for"),
    (
        "a machine that is not told where its outcome goes",
        put(_PARAMETER, "Value", '{"site": "example", "region": "ca-central-1", "account": "123456789012"}'),
        "told-where",
    ),
    ("a parameter that the machine does not read", put(_PARAMETER, "Name", "/else"), "one-machine"),
    (
        "a parameter of another mark",
        put(_PARAMETER, "Value", '{"publication": "cccccccccccc"}'),
        "told-where",
    ),
    ("a disk in the stack that may be deleted", add("AWS::EC2::Volume", {"Size": 1}), "protected"),
)

MUTATIONS = mutations("boot", _TOLD)
