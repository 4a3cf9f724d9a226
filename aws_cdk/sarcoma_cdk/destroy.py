"""How a site is taken down: what stays and goes on costing, what protects it, the commands in order.

Nothing is deleted here, and AWS is asked nothing: whoever takes a hospital's data away does it by hand. That
every resource which the templates keep is in the list is a law of tests.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sarcoma_cdk import images
from sarcoma_cdk.config import Site
from sarcoma_cdk.cost import estimate, read_prices
from sarcoma_cdk.naming import (
    STACKS,
    UNPROTECTED,
    artefact_bucket_name,
    firewall_log_name,
    log_bucket_name,
    machine_log_name,
    repository_name,
)

_TAGGED = "aws resourcegroupstaggingapi get-resources --tag-filters"
_OS_METRICS = "RDSOSMetrics"
"""Where RDS's enhanced monitoring writes, by itself."""


class Kept(NamedTuple):
    """Something that a deleted stack leaves behind.

    Attributes:
        type: what CloudFormation calls its kind; empty for what no stack has made, but a service by itself.
        name: which.
        monthly: what it goes on costing, in US dollars a month.
        remove: the commands that remove it for good.
    """

    type: str
    name: str
    monthly: str
    remove: tuple[str, ...]


def kept(site: Site) -> tuple[Kept, ...]:
    """What stays, in the order in which it can be removed: the key last, as all else is encrypted with it.

    Args:
        site: the site.

    Raises:
        ConfigError: the list of prices does not know the region.
    """
    return (*_data(site), *_records(site), *_unasked(site), *_store(site))


def _data(site: Site) -> Iterator[Kept]:
    prices = read_prices(site.region)
    for use in _volumes(site):
        size = getattr(site.storage, use)
        listed = (
            f"aws ec2 describe-volumes --filters Name=tag:Name,Values=sarcoma-{site.site}-{use} "
            f"Name=tag:sarcoma:site,Values={site.site}"
        )
        yield Kept(
            "AWS::EC2::Volume",
            f"volume {use}, {size} GiB; after a restore the older one of the same name, too",
            f"{size * prices.of('volume_gib'):.2f}",
            _shown(listed, "Volumes[].[VolumeId,Size,State,CreateTime]", "aws ec2 delete-volume --volume-id"),
        )
    if site.database.kind == "rds":
        yield _database(site)
        yield from _database_backups(site)
    for name in ("admin", "database"):
        yield Kept(
            "AWS::SecretsManager::Secret",
            f"secret sarcoma/{site.site}/{name}",
            "0.40",
            (
                (
                    f"aws secretsmanager delete-secret --secret-id sarcoma/{site.site}/{name} "
                    f"--recovery-window-in-days 30"
                ),
            ),
        )
    yield _vault(site)


def _volumes(site: Site) -> tuple[str, ...]:
    return ("archive",) if site.database.kind == "rds" else ("archive", "database")


def _instance(site: Site) -> str:
    return f"sarcoma-{site.site}"


def _database(site: Site) -> Kept:
    rows = estimate(site).items
    monthly = sum(item.cost for item in rows if item.name.startswith("RDS"))
    which = f"--db-instance-identifier {_instance(site)}"
    return Kept(
        "AWS::RDS::DBInstance",
        "RDS instance and its own password in Secrets Manager, until step 3",
        f"{monthly:.2f}",
        (
            f"aws rds modify-db-instance --no-deletion-protection --apply-immediately {which}",
            (
                f"aws rds delete-db-instance --no-delete-automated-backups "
                f"--final-db-snapshot-identifier {_final(site)} {which}"
            ),
            f"aws rds wait db-instance-deleted {which}",
        ),
    )


def _database_backups(site: Site) -> Iterator[Kept]:
    """What the end of the instance leaves."""
    monthly = f"{site.database.storage * read_prices(site.region).of('database_backup_gib'):.2f}"
    instance, listed = _instance(site), "aws rds describe-db-instance-automated-backups"
    found = "DBInstanceAutomatedBackups[].[DbiResourceId,Status]"
    yield Kept(
        "",
        f"the database's lines in log group {_OS_METRICS}, shared by the account's databases, 30 days",
        "0.03 for each GiB",
        _shown(
            f"{listed} --db-instance-identifier {instance}",
            found,
            f"aws logs delete-log-stream --log-group-name {_OS_METRICS} --log-stream-name",
        ),
    )
    yield Kept(
        "",
        f"retained automated backups of RDS instance {instance}, 35 days",
        monthly,
        _shown(
            f"{listed} --db-instance-identifier {instance}",
            found,
            "aws rds delete-db-instance-automated-backup --dbi-resource-id",
        ),
    )
    yield Kept(
        "",
        f"RDS snapshot {_final(site)}",
        monthly,
        (f"aws rds delete-db-snapshot --db-snapshot-identifier {_final(site)}",),
    )


def _final(site: Site) -> str:
    return f"{_instance(site)}-final"


def _vault(site: Site) -> Kept:
    name = f"sarcoma-{site.site}"
    price = read_prices(site.region).of("backup_gib")
    if site.backup.lock == "compliance":
        begin = f"# its lock cannot be undone: each recovery point stays {site.backup.days} days; wait, then"
    else:
        begin = f"aws backup delete-backup-vault-lock-configuration --backup-vault-name {name}"
    listed = f"aws backup list-recovery-points-by-backup-vault --backup-vault-name {name}"
    points = _asked(listed, "RecoveryPoints[].RecoveryPointArn")
    delete = f"aws backup delete-recovery-point --backup-vault-name {name}"
    return Kept(
        "AWS::Backup::BackupVault",
        f"backup vault {name} with its recovery points",
        f"{price:.3f} for each GiB",
        (
            begin,
            f'for point in {points}; do {delete} --recovery-point-arn "$point"; done',
            f"aws backup delete-backup-vault --backup-vault-name {name}",
        ),
    )


def _records(site: Site) -> Iterator[Kept]:
    groups = ["flows", *(["trail"] if site.operations.trail else [])]
    names = [f"/sarcoma/{site.site}/{group}" for group in groups]
    names += [machine_log_name(site), firewall_log_name(site)]
    if site.database.kind == "rds":
        names += [f"/aws/rds/instance/{_instance(site)}/{log}" for log in ("postgresql", "upgrade")]
    for name in names:
        yield Kept(
            "AWS::Logs::LogGroup",
            f"log group {name}, {site.operations.log_days} days of it",
            "0.03 for each GiB",
            (f"aws logs delete-log-group --log-group-name {name}",),
        )


def _unasked(site: Site) -> Iterator[Kept]:
    """The log group of the function by which CDK empties the VPC's default security group."""
    prefix = f"/aws/lambda/{site.stack_name('Network')}-"
    yield Kept(
        "",
        f"log groups {prefix}..., of CDK's own function, for ever",
        "0.03 for each GiB",
        _shown(
            f"aws logs describe-log-groups --log-group-name-prefix {prefix}",
            "logGroups[].[logGroupName]",
            "aws logs delete-log-group --log-group-name",
        ),
    )


def _store(site: Site) -> Iterator[Kept]:
    for name in images.names():
        repository = repository_name(site, name)
        yield Kept(
            "AWS::ECR::Repository",
            f"image repository {repository}",
            "0.10 for each GB",
            (f"aws ecr delete-repository --force --repository-name {repository}",),
        )
    for bucket in (artefact_bucket_name(site), log_bucket_name(site)):
        yield Kept(
            "AWS::S3::Bucket",
            f"bucket {bucket}, with old versions",
            f"{read_prices(site.region).of('bucket_gib'):.3f} for each GB",
            (
                f"# empty it with all versions: console, S3, {bucket}, Empty",
                f"aws s3api delete-bucket --bucket {bucket}",
            ),
        )
    tagged = f"{_TAGGED} Key=sarcoma:site,Values={site.site} --resource-type-filters kms:key"
    yield Kept(
        "AWS::KMS::Key",
        f"key alias/sarcoma-{site.site}: without it nothing of the above, and no backup, can be read again",
        "1.00",
        _shown(  # by its tag: its alias goes with the stack
            tagged,
            "ResourceTagMappingList[].[ResourceARN]",
            "aws kms schedule-key-deletion --pending-window-in-days 30 --key-id",
        ),
    )


def _shown(listed: str, query: str, delete: str) -> tuple[str, ...]:
    """A command that deletes nothing: it prints one for each of those that it finds, to be chosen from."""
    told = f'while read -r id rest; do echo "{delete} $id  # $rest"; done'
    return (
        "# this prints a command for each, to be read; run those that you mean",
        f"{listed} --query '{query}' --output text | {told}",
    )


def _asked(command: str, query: str) -> str:
    return f"$({command} --query '{query}' --output text)"


def _balancer_arn(site: Site, door: str) -> str:
    name = f"sarcoma-{site.site}-{door}"
    return _asked(f"aws elbv2 describe-load-balancers --names {name}", "LoadBalancers[0].LoadBalancerArn")


def staying(site: Site) -> str:
    """What stays and what it costs, for people.

    Args:
        site: the site.

    Raises:
        ConfigError: the list of prices does not know the region.
    """
    lines = [
        (
            f"Taking down site {site.site} ({site.account}, {site.region}) deletes the machine with its "
            f"root volume, the VPC, "
            "the doors and the alarms."
        ),
        "It keeps, and AWS goes on billing (US dollars a month, an estimate):",
    ]
    lines += [f"  {each.monthly:>18}  {each.name}" for each in kept(site)]
    lines += [
        (
            "It does not touch what is not the site's alone: CDK's bootstrap, the certificate, the "
            "hospital's gateway, and the secrets that the site's file names."
        ),
        (
            "Patients' data are in the volumes, the database, the vault and, as names of files, in the "
            "logs. How long the law "
            "wants them kept is yours to find out before anything of that is removed."
        ),
    ]
    return "\n".join(lines) + "\n"


def commands(site: Site, path: Path) -> str:
    """The commands in their order, to be read and run one by one.

    Args:
        site: the site.
        path: its file, which `cdk` is told.

    Raises:
        ConfigError: the list of prices does not know the region.
    """
    return "\n".join(_commands(site, path)) + "\n"


def _commands(site: Site, path: Path) -> Iterator[str]:
    yield f"export AWS_REGION={site.region}  # account {site.account}: aws sts get-caller-identity"
    yield ""
    yield "# 1. Nobody is at work, and there is a backup of today"
    yield f"sarcoma-site sleep {shlex.quote(str(path))}"
    yield f"# one of each volume: console, AWS Backup, vault sarcoma-{site.site}, Create on-demand backup"
    yield ""
    yield "# 2. Switch off what protects the site"
    for part in (each for each in reversed(STACKS) if each not in UNPROTECTED):
        yield (
            "aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {site.stack_name(part)}"
        )
    machine = _asked(
        f"aws cloudformation list-stack-resources --stack-name {site.stack_name('Machine')}",
        "StackResourceSummaries[?ResourceType==`AWS::EC2::Instance`].PhysicalResourceId",
    )
    yield f"aws ec2 modify-instance-attribute --no-disable-api-termination --instance-id {machine}"
    for door in ("web", "dicom"):
        yield (
            "aws elbv2 modify-load-balancer-attributes --attributes "
            "Key=deletion_protection.enabled,Value=false "
            f"--load-balancer-arn {_balancer_arn(site, door)}"
        )
    yield ""
    rds = [each for each in kept(site) if each.type == "AWS::RDS::DBInstance"]
    yield "# 3. Take it down, in aws_cdk/; RDS, if there is one, before its stack: its parameters are in use"
    yield _destroy(site, path, "Boot", "Operations", "Edge", "Machine")
    for each in rds:
        yield from each.remove
    yield _destroy(site, path, "Data", "Network", "Store")
    yield ""
    yield "# 4. For good, and only then: what stays. Each line removes data that no command brings back"
    for each in kept(site):
        if each not in rds:
            yield f"# {each.name}"
            yield from each.remove
    yield ""
    yield "# 5. What still carries the site's name; snapshots and volumes of a restore by hand carry none"
    yield f"{_TAGGED} Key=sarcoma:site,Values={site.site} --query 'ResourceTagMappingList[].ResourceARN'"


def _destroy(site: Site, path: Path, *parts: str) -> str:
    stacks = " ".join(site.stack_name(part) for part in parts)
    return f"npx --no-install cdk destroy {stacks} -c site={shlex.quote(str(path.resolve()))}"
