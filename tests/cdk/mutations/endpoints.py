"""Each endpoint and each bucket left out once; and one too many."""

from sarcoma_cdk.naming import SERVICES
from tests.cdk.editing import Edit, Tree, drop, mutations, named, put, remove

_ENDPOINT = "AWS::EC2::VPCEndpoint"


def _bucket_of_endpoint(begin: str) -> Edit:
    """Leave a bucket out of the policy of S3's gateway endpoint."""

    def edit(template: Tree) -> None:
        document = named(template, _ENDPOINT, "EndpointsS3")["Properties"]["PolicyDocument"]
        before = str(document)
        for each in document["Statement"]:
            arns = each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
            each["Resource"] = [
                arn for arn in arns if not arn.removeprefix("arn:aws:s3:::").startswith(begin)
            ]
        document["Statement"] = [each for each in document["Statement"] if each["Resource"]]
        if str(document) == before:
            raise LookupError(begin)

    return edit


_DOORS_TO_AWS = (
    *(
        (f"without the endpoint {name}", remove(_ENDPOINT, f"Endpoints{name.replace('.', '')}"), "endpoints")
        for name in SERVICES
        if name != "ssm"
    ),
    ("without the endpoint ssm", remove(_ENDPOINT, "EndpointsssmE"), "endpoints"),
    ("without the gateway of S3", remove(_ENDPOINT, "EndpointsS3"), "gateway"),
    *(
        (f"without the bucket {name}", _bucket_of_endpoint(name), "gateway")
        for name in (
            "sarcoma-example-artefacts",
            "prod-ca-central-1-starport-layer-bucket",
            "al2023-repos-ca-central-1",
            "cloudformation-waitcondition-ca-central-1",
            "aws-ssm-ca-central-1",
            "patch-baseline-snapshot-ca-central-1",
        )
    ),
    (
        "an endpoint that nobody needs",
        put(_ENDPOINT, "ServiceName", "com.amazonaws.ca-central-1.ec2"),
        "endpoints",
    ),
    ("every bucket by the gateway", drop(_ENDPOINT, "PolicyDocument", "EndpointsS3"), "gateway"),
    (
        "every bucket by the gateway's policy",
        put(_ENDPOINT, "PolicyDocument.Statement.1.Resource", "*", "EndpointsS3"),
        "gateway",
    ),
    (
        "another bucket by the gateway",
        put(_ENDPOINT, "PolicyDocument.Statement.1.Resource.+", "arn:aws:s3:::mine/*", "EndpointsS3"),
        "gateway",
    ),
    (
        "writing to the site's bucket by the gateway",
        put(_ENDPOINT, "PolicyDocument.Statement.0.Action.+", "s3:PutObject", "EndpointsS3"),
        "gateway",
    ),
    (
        "the site's bucket for other accounts' keys",
        drop(_ENDPOINT, "PolicyDocument.Statement.0.Condition", "EndpointsS3"),
        "gateway",
    ),
    ("the gateway in no routes", put(_ENDPOINT, "RouteTableIds", [], "EndpointsS3"), "gateway"),
    ("an endpoint without a policy", drop(_ENDPOINT, "PolicyDocument", "Endpointskms"), "interfaces"),
    (
        "an endpoint for other accounts",
        drop(_ENDPOINT, "PolicyDocument.Statement.0.Condition", "Endpointslogs"),
        "interfaces",
    ),
    ("an endpoint by its own name alone", put(_ENDPOINT, "PrivateDnsEnabled", value=False), "interfaces"),
    ("an endpoint behind no group", drop(_ENDPOINT, "SecurityGroupIds"), "behind"),
    ("an endpoint of no subnet", put(_ENDPOINT, "SubnetIds", []), "interfaces"),
)


MUTATIONS = (*mutations("network", _DOORS_TO_AWS),)
