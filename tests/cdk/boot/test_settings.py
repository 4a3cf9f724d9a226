"""What the site's parameter and publication may say."""

from typing import Any

import pytest

from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.settings import read_settings
from tests.cdk.boot.conftest import DIGEST, PUBLICATION, RDS, Told


def test_a_site_with_its_database_on_the_machine_is_read(told: Told) -> None:
    settings = read_settings(told())
    assert settings.database is None
    assert settings.volumes == {"archive": "vol-0a", "database": "vol-0d"}
    assert settings.steps == ("convert",)
    assert settings.gpu is None
    assert settings.login == {}


def test_a_site_with_rds_needs_no_volume_for_its_database(told: Told) -> None:
    settings = read_settings(told(**RDS))
    assert settings.volumes == {"archive": "vol-0a"}
    assert settings.database is not None
    assert settings.database.port == 5433


def test_an_image_is_pulled_by_its_digest_from_the_sites_registry_and_has_a_plain_name(told: Told) -> None:
    settings = read_settings(told())
    image = settings.images["convert"]
    assert image.at("host/prefix") == f"host/prefix/sarcoma/convert@{DIGEST}"
    assert image.plain == "sarcoma/convert:0.5.0"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"volumes": {"archive": "vol-0a", "database": None}}, "parameter.volumes: must name database"),
        ({"volumes": {"archive": "../x", "database": "vol-0d"}}, "parameter.volumes.archive: must be an id"),
        ({"secrets": {"admin": "arn"}}, "parameter.secrets: must name database"),
        ({**RDS, "secrets": {"admin": "a", "database": "b"}}, "parameter.secrets: must name database_master"),
        ({**RDS, "database": {**RDS["database"], "name": 'x"; DROP'}}, "parameter.database.name: must be"),
        ({**RDS, "database": {**RDS["database"], "port": 0}}, "parameter.database.port: must be a port"),
        (
            {"dicom": {"ae_title": "XNAT", "port": 65536}},
            "parameter.dicom.port: must be a port, 1 to 65535; found 65536",
        ),
        ({"dicom": {"ae_title": "XNAT", "port": True}}, "parameter.dicom.port: must be int; found bool"),
        (
            {"dicom": {"ae_title": "A" * 17, "port": 8104}},
            "parameter.dicom.ae_title: must be text like [A-Z0-9_]{1,16}; found 'AAAAAAAAAAAAAAAAA'",
        ),
        ({"automate": ["A B"]}, "parameter.automate: must name XNAT projects; found 'A B'"),
        ({"dicom": []}, "parameter.dicom: must be dict; found list"),
        ({"region": ""}, "parameter.region: must be a line of text"),
        ({"site_url": None}, "parameter.site_url: must be str"),
        ({"gpu": "yes"}, "parameter.gpu: must be bool"),
    ],
)
def test_a_parameter_that_is_not_as_it_has_to_be_is_refused_by_name(
    told: Told, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BootError) as refused:
        read_settings(told(**changed))
    assert reason in str(refused.value)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_are_ports(told: Told, port: int) -> None:
    assert read_settings(told(dicom={"ae_title": "XNAT", "port": port})).dicom_port == port


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"images": {**PUBLICATION["images"], "convert": "sarcoma/convert:0.5.0"}},
            "images.convert: must be NAME",
        ),
        ({"images": {"convert": f"sarcoma/convert:1@{DIGEST}"}}, "publication.images: must name database"),
        ({"artefacts": {"../war": "11" * 32, "docker-compose": "11" * 32}}, "must name files without a path"),
        ({"artefacts": {"docker-compose": "11" * 31}}, "artefacts.docker-compose: must be a SHA-256"),
        ({"artefacts": {"a.war": "11" * 32}}, "publication.artefacts: must name docker-compose"),
    ],
)
def test_a_publication_that_is_not_as_it_has_to_be_is_refused_by_name(
    told: Told, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BootError) as refused:
        read_settings(told(publication=changed))
    assert reason in str(refused.value)


def test_what_may_be_a_password_is_not_shown_by_the_refusal(told: Told) -> None:
    with pytest.raises(BootError) as refused:
        read_settings(told(login={"ldap": {"password": "a\nsecret"}}))
    assert "secret" not in str(refused.value)
