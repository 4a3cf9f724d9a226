"""ECR: image repositories."""

import json

from tests.cdk.emulator.kinds import Made, Order, creates


@creates(
    "AWS::ECR::Repository",
    "EncryptionConfiguration ImageScanningConfiguration ImageTagMutability LifecyclePolicy RepositoryName"
    " RepositoryPolicyText Tags",
)
def repository(order: Order) -> Made:
    api, name = order.api("ecr"), order.name("RepositoryName").lower()
    more = {}
    if "EncryptionConfiguration" in order.properties:
        said = order.only(
            order["EncryptionConfiguration"], "EncryptionType KmsKey", "EncryptionConfiguration"
        )
        more["encryptionConfiguration"] = {
            "encryptionType": said["EncryptionType"],
            "kmsKey": said["KmsKey"],
        }
    if "ImageScanningConfiguration" in order.properties:
        said = order.only(order["ImageScanningConfiguration"], "ScanOnPush", "ImageScanningConfiguration")
        more["imageScanningConfiguration"] = {"scanOnPush": said["ScanOnPush"]}
    made = api.create_repository(
        repositoryName=name,
        **order.given(imageTagMutability="ImageTagMutability"),
        **more,
        **({"tags": order.tags()} if order.tags() else {}),
    )["repository"]
    if "LifecyclePolicy" in order.properties:
        text = order.only(order["LifecyclePolicy"], "LifecyclePolicyText", "LifecyclePolicy")
        api.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text["LifecyclePolicyText"])
    if "RepositoryPolicyText" in order.properties:
        api.set_repository_policy(repositoryName=name, policyText=json.dumps(order["RepositoryPolicyText"]))
    return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})
