"""What the machine may do, and who may be it."""

from typing import Any

from tests.cdk.editing import Edit, Tree, add, drop, mutations, named, put, ref

_ROLE = "AWS::IAM::Role"


def _granted(*actions: str, **more: Any) -> Edit:
    """Another statement of the machine's role."""
    return put(
        _ROLE,
        "Policies.0.PolicyDocument.Statement.+",
        {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more},
    )


def _ungranted(sid: str) -> Edit:
    """A statement less of the machine's role."""

    def edit(template: Tree) -> None:
        document = named(template, _ROLE)["Properties"]["Policies"][0]["PolicyDocument"]
        left = [each for each in document["Statement"] if each["Sid"] != sid]
        if len(left) == len(document["Statement"]):
            raise LookupError(sid)
        document["Statement"] = left

    return edit


_IDENTITY = (
    (
        "an administrator",
        put(_ROLE, "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "managed",
    ),
    (
        "a power user, in another partition's words",
        put(
            _ROLE, "ManagedPolicyArns", [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/PowerUserAccess"}]
        ),
        "managed",
    ),
    ("every action", _granted("*"), "at-most"),
    ("every action of a service", _granted("s3:*"), "at-most"),
    (
        "every action but some",
        put(
            _ROLE,
            "Policies.0.PolicyDocument.Statement.+",
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        ),
        "at-most",
    ),
    ("writing to the site's bucket", _granted("s3:PutObject", Resource="arn:aws:s3:::x/*"), "at-most"),
    ("giving itself another role", _granted("iam:PassRole", "sts:AssumeRole"), "at-most"),
    ("reading every bucket", _granted("s3:GetObject", Resource="arn:aws:s3:::*"), "on-what"),
    (
        "reading every secret of the account",
        _granted(
            "secretsmanager:GetSecretValue",
            Resource="arn:aws:secretsmanager:ca-central-1:123456789012:secret:*",
        ),
        "on-what",
    ),
    ("reading every parameter", _granted("ssm:GetParameter"), "on-what"),
    (
        "every resource but one",
        put(
            _ROLE,
            "Policies.0.PolicyDocument.Statement.+",
            {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::x"},
        ),
        "at-most",
    ),
    ("decrypting by any way", drop(_ROLE, "Policies.0.PolicyDocument.Statement.3.Condition"), "held"),
    (
        "another account that has the role",
        put(
            *(_ROLE, "AssumeRolePolicyDocument.Statement.+"),
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999999999999"}},
        ),
        "trust",
    ),
    (
        "anybody who has the role",
        put(_ROLE, "AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"}),
        "trust",
    ),
    (
        "a second service that has the role",
        put(
            _ROLE,
            "AssumeRolePolicyDocument.Statement.0.Principal.Service",
            ["ec2.amazonaws.com", "lambda.amazonaws.com"],
        ),
        "trust",
    ),
    (
        "a policy beside the role",
        add(
            "AWS::IAM::Policy",
            lambda template: {
                "PolicyName": "x",
                "Roles": [ref(_ROLE)(template)],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": ["ec2:*"], "Resource": "*"}],
                },
            },
        ),
        "at-most",
    ),
    ("a user with an access key", add("AWS::IAM::AccessKey", {"UserName": "x"}), "known"),
    (
        "a role that nobody needs",
        add(
            _ROLE,
            {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "ec2.amazonaws.com"},
                        }
                    ],
                }
            },
        ),
        "used",
    ),
    *(
        (f"without the machine's {sid}", _ungranted(sid), "role-suffices")
        for sid in (
            *(
                "SystemsManager",
                "Settings",
                "Passwords",
                "Decrypt",
                "Artefacts",
                "RegistryLogIn",
                "Images",
                "Logs",
            ),
            "Figures",
        )
    ),
)


MUTATIONS = (*mutations("machine", _IDENTITY),)
