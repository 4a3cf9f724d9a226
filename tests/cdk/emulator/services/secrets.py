"""Secrets Manager."""

from tests.cdk.emulator.kinds import Made, Order, creates


@creates("AWS::SecretsManager::Secret", "Description GenerateSecretString KmsKeyId Name Tags")
def secret(order: Order) -> Made:
    api = order.api("secretsmanager")
    made = order.only(
        order["GenerateSecretString"], "ExcludePunctuation PasswordLength", "GenerateSecretString"
    )
    value = api.get_random_password(**made)["RandomPassword"]
    arn = api.create_secret(
        Name=order.name("Name"),
        SecretString=value,
        **order.given("Description", "KmsKeyId"),
        **({"Tags": order.tags()} if order.tags() else {}),
    )["ARN"]
    return Made(arn, {"Id": arn})
