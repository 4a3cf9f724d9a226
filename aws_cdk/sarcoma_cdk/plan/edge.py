"""The certificate of the site's name."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.plan.finding import PlanFinding, judged

_DAYS = 30
"""That a certificate has to be good for. ACM renews its own 60 days before their end; imported ones nobody
renews."""


def certificate(cloud: Cloud) -> Iterator[PlanFinding]:
    """The certificate is there and good.

    Args:
        cloud: the site's account.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    arn, domain = cloud.site.edge.certificate, cloud.site.edge.domain
    try:
        found = cloud.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        yield PlanFinding(
            f"the certificate {arn} is there",
            ok=False,
            found="no such certificate",
            do=f"aws acm import-certificate (the hospital's), or request-certificate, for {domain}; "
            f"name its ARN in "
            "edge.certificate",
        )
        return
    status = found.get("Status", "")
    yield judged(
        "the certificate is issued",
        status,
        "Finish its validation: console, Certificate Manager.",
        ok=status == "ISSUED",
    )
    names = sorted({found.get("DomainName", ""), *found.get("SubjectAlternativeNames", ())} - {""})
    yield judged(
        f"the certificate covers edge.domain {domain}",
        ", ".join(names),
        "Request one of that name, or mend edge.domain.",
        ok=any(covers(name, domain) for name in names),
    )
    if end := found.get("NotAfter"):
        yield _lasting(found, end)


def _lasting(found: Mapping[str, Any], end: datetime) -> PlanFinding:
    left = (end - datetime.now(UTC)).days
    imported = found.get("Type") == "IMPORTED"
    return judged(
        f"the certificate is good for {_DAYS} days at least",
        f"{left} days, until {end:%Y-%m-%d}",
        f"Import a new one under the same ARN: aws acm import-certificate --certificate-arn "
        f"{found['CertificateArn']}"
        if imported
        else "Its renewal is stuck: see its validation in the console, Certificate Manager.",
        ok=left >= _DAYS,
    )


def covers(name: str, domain: str) -> bool:
    """Whether a certificate's name is good for a host (RFC 6125 6.4: `*` stands for one label, the first).

    Args:
        name: of the certificate.
        domain: of the host.
    """
    if name.startswith("*."):
        return domain.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == domain.lower()
