"""Who may do what: the machine's role, the site's key, the passwords."""

import json
from collections.abc import Iterator
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.grants import machine_statements
from sarcoma_cdk.naming import role_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts
from sarcoma_cdk.verify.policies import as_list, canonical, held_to, principals, statements, strangers

_ROLE = "put it back: {back_machine}"
_STORE = "put it back: {back_store}"
_NOTHING = "NoSuchEntity"


def _policies(facts: Facts) -> Iterator[tuple[str, list[str]]]:
    """Name and statements of each inline policy of the role."""
    role = role_name(facts.site)
    facts.stack("machine")
    found = facts.maybe("iam", "list_role_policies", _NOTHING, RoleName=role)
    if found is None:
        raise AbsentError(f"there is no role {role}", "machine")
    for name in found["PolicyNames"]:
        policy = facts.read("iam", "get_role_policy", RoleName=role, PolicyName=name)
        yield name, [canonical(each, sid=True) for each in statements(policy["PolicyDocument"])]


def _secrets(facts: Facts) -> list[str]:
    """ARNs of the secrets that the machine reads."""
    named = [f"sarcoma/{facts.site.site}/{use}" for use in ("admin", "database")]
    found = [str(_secret(facts, name)["ARN"]) for name in named]
    if facts.site.database.kind == "rds":
        found.append(_master(facts))
    return found + _login_secrets(facts.site)


def _login_secrets(site: Site) -> list[str]:
    found = [site.login.ldap.password] if site.login.ldap else []
    return found + ([site.login.oidc.client_secret] if site.login.oidc else [])


def _secret(facts: Facts, name: str) -> dict[str, object]:
    found = facts.maybe("secretsmanager", "describe_secret", "ResourceNotFoundException", SecretId=name)
    if found is None:
        raise AbsentError(f"there is no secret {name}", "data")
    return dict(found)


def _master(facts: Facts) -> str:
    name = f"sarcoma-{facts.site.site}"
    found = facts.maybe("rds", "describe_db_instances", "DBInstanceNotFound", DBInstanceIdentifier=name)
    for instance in (found or {"DBInstances": []})["DBInstances"]:
        return str(instance.get("MasterUserSecret", {}).get("SecretArn", ""))
    raise AbsentError(f"there is no database {name}", "data")


@check(_ROLE)
def role_policy(facts: Facts) -> Found:
    """The machine's role may do what its one policy says (grants.py), and nothing else."""
    wanted = machine_statements(facts.site, key_arn=str(facts.key["Arn"]), secrets=_secrets(facts))
    expected = {canonical(each, sid=True): each["Sid"] for each in wanted}
    found = dict(_policies(facts))
    for name, said in found.items():
        if not set(said) & set(expected):
            step = f"aws iam delete-role-policy --role-name {role_name(facts.site)} --policy-name {name}"
            yield Wrong(f"it also has the inline policy {name}", step)
        elif set(said) - set(expected):
            more = "; ".join(sorted(set(said) - set(expected)))
            yield Wrong(f"its policy {name} says more: {more[:300]}", _put(facts, name, wanted))
    ours = next((name for name, said in found.items() if set(said) & set(expected)), "site")
    lacking = set(expected) - {each for said in found.values() for each in said}
    for statement in sorted(lacking):
        yield Wrong(f"it lacks the statement {expected[statement]}", _put(facts, ours, wanted))


def _put(facts: Facts, name: str, wanted: list[dict[str, Any]]) -> str:
    """The command that writes the whole policy: CloudFormation sees no drift of an `AWS::IAM::Policy`."""
    document = json.dumps({"Version": "2012-10-17", "Statement": wanted}, separators=(",", ":"))
    role = role_name(facts.site)
    return f"aws iam put-role-policy --role-name {role} --policy-name {name} --policy-document '{document}'"


@check("detach the policy")
def managed_policies(facts: Facts) -> Found:
    """No managed policy is attached to the machine's role."""
    role = role_name(facts.site)
    facts.stack("machine")
    found = facts.maybe("iam", "list_attached_role_policies", _NOTHING, RoleName=role)
    if found is None:
        raise AbsentError(f"there is no role {role}", "machine")
    for each in found["AttachedPolicies"]:
        step = f"aws iam detach-role-policy --role-name {role} --policy-arn {each['PolicyArn']}"
        yield Wrong(f"{each['PolicyName']} is", step)


@check(_ROLE)
def trust(facts: Facts) -> Found:
    """EC2 alone may take the machine's role."""
    role = role_name(facts.site)
    facts.stack("machine")
    found = facts.maybe("iam", "get_role", _NOTHING, RoleName=role)
    if found is None:
        raise AbsentError(f"there is no role {role}", "machine")
    for statement in statements(found["Role"]["AssumeRolePolicyDocument"]):
        for kind, name in principals(statement):
            if statement["Effect"] == "Allow" and (kind, name) != ("Service", "ec2.amazonaws.com"):
                yield Wrong(f"{'everybody' if name == '*' else name} may")


@check("aws kms enable-key --key-id alias/sarcoma-{site}")
def key_state(facts: Facts) -> Found:
    """The site's key is enabled, and nobody has ordered its deletion."""
    state, key = facts.key["KeyState"], facts.key["KeyId"]
    if state == "PendingDeletion":
        step = f"aws kms cancel-key-deletion --key-id {key} && aws kms enable-key --key-id {key}"
        yield Wrong("it is to be deleted; without it every volume, backup and secret is lost", step)
    elif state != "Enabled":
        yield Wrong(f"it is {state}", f"aws kms enable-key --key-id {key}")


@check("switch it on")
def key_rotation(facts: Facts) -> Found:
    """The site's key is made new every year."""
    key = facts.key["KeyId"]
    if facts.key["KeyState"] == "PendingDeletion":
        return
    if not facts.read("kms", "get_key_rotation_status", KeyId=key)["KeyRotationEnabled"]:
        yield Wrong("it is not", f"aws kms enable-key-rotation --key-id {key}")


@check(_STORE)
def key_policy(facts: Facts) -> Found:
    """The site's key lets in nobody of another account."""
    found = facts.read("kms", "get_key_policy", KeyId=facts.key["KeyId"], PolicyName="default")["Policy"]
    for name in strangers(found, facts.site.account):
        yield Wrong(f"it lets in {name}")


@check(_STORE)
def key_services(facts: Facts) -> Found:
    """The site's key lets AWS services use it for this account alone."""
    found = facts.read("kms", "get_key_policy", KeyId=facts.key["KeyId"], PolicyName="default")["Policy"]
    for statement in statements(found):
        services = [name for kind, name in principals(statement) if kind == "Service"]
        held = held_to(statement, facts.site.account) or f":{facts.site.account}:" in str(
            statement.get("Condition", "")
        )
        if statement["Effect"] == "Allow" and services and not held:
            yield Wrong(f"{', '.join(sorted(services))} may use it for anybody")


@check("revoke the grant")
def key_grants(facts: Facts) -> Found:
    """Nobody of another account holds a grant of the site's key."""
    key = facts.key["KeyId"]
    for grant in facts.read("kms", "list_grants", KeyId=key)["Grants"]:
        who = str(grant["GranteePrincipal"])
        ours = who.endswith(".amazonaws.com") or f"::{facts.site.account}:" in who
        if not ours:
            step = f"aws kms revoke-grant --key-id {key} --grant-id {grant['GrantId']}"
            yield Wrong(f"{who} holds one of {', '.join(as_list(grant['Operations']))}", step)


@check("aws kms update-alias with the key of the store stack")
def key_alias(facts: Facts) -> Found:
    """The alias names the site's key."""
    wanted = f"alias/sarcoma-{facts.site.site}"
    found = {
        each["AliasName"]: each.get("TargetKeyId") for each in facts.read("kms", "list_aliases")["Aliases"]
    }
    if wanted not in found:
        yield Wrong(f"there is no {wanted}", "put it back: " + _alias(facts, "create"))
    elif found[wanted] != facts.key["KeyId"]:
        yield Wrong(f"{wanted} names {found[wanted]}", _alias(facts, "update"))


def _alias(facts: Facts, verb: str) -> str:
    alias = f"alias/sarcoma-{facts.site.site}"
    return f"aws kms {verb}-alias --alias-name {alias} --target-key-id {facts.key['KeyId']}"


def _named_secrets(facts: Facts) -> Iterator[tuple[str, dict[str, object]]]:
    for use in ("admin", "database"):
        yield use, _secret(facts, f"sarcoma/{facts.site.site}/{use}")


@check("put it back: {back_data}")
def secret_encryption(facts: Facts) -> Found:
    """The passwords are encrypted with the site's key."""
    for use, secret in _named_secrets(facts):
        if not facts.is_key(secret.get("KmsKeyId")):
            step = (
                f"aws secretsmanager update-secret --secret-id {secret['ARN']} "
                f"--kms-key-id {facts.key['Arn']}"
            )
            yield Wrong(f"that of {use} is encrypted with {secret.get('KmsKeyId') or 'a key of AWS'}", step)


@check("restore the secret")
def secret_deletion(facts: Facts) -> Found:
    """Nobody has ordered the deletion of a password."""
    for use, secret in _named_secrets(facts):
        if secret.get("DeletedDate"):
            step = f"aws secretsmanager restore-secret --secret-id {secret['ARN']}"
            yield Wrong(f"that of {use} is to be deleted", step)


@check("delete the policy")
def secret_policy(facts: Facts) -> Found:
    """No policy of its own lets anybody read a password."""
    for use, secret in _named_secrets(facts):
        if secret.get("DeletedDate"):
            continue
        found = facts.maybe(
            "secretsmanager", "get_resource_policy", "ResourceNotFoundException", SecretId=secret["ARN"]
        )
        if any(each["Effect"] == "Allow" for each in statements((found or {}).get("ResourcePolicy"))):
            step = f"aws secretsmanager delete-resource-policy --secret-id {secret['ARN']}"
            yield Wrong(f"that of {use} has one", step)


def _no_login(site: Site) -> str:
    return "" if site.login.ldap or site.login.oidc else "the site's file names no directory"


@check("make the secret, then name it in the site's file", why_not=_no_login)
def login_secrets(facts: Facts) -> Found:
    """The secrets of the directories that the site's file names are there."""
    for arn in _login_secrets(facts.site):
        found = facts.maybe("secretsmanager", "describe_secret", "ResourceNotFoundException", SecretId=arn)
        if found is None or found.get("DeletedDate"):
            yield Wrong(f"{arn.rpartition(':')[2]} is not there")


CHECKS: tuple[Check, ...] = (
    role_policy,
    managed_policies,
    trust,
    key_state,
    key_rotation,
    key_policy,
    key_services,
    key_grants,
    key_alias,
    secret_encryption,
    secret_deletion,
    secret_policy,
    login_secrets,
)
