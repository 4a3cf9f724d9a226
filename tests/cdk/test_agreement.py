"""The boot on the machine and the templates say the same, each in its own words."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot.places import Places
from sarcoma_cdk.boot.settings import SERVICES, read_settings
from sarcoma_cdk.boot.watch import agent_settings
from sarcoma_cdk.config import Site, example_sites, read_site
from sarcoma_cdk.images import OTHERS
from sarcoma_cdk.naming import DICOM_PORT
from tests.cdk.boot.conftest import PUBLICATION
from tests.cdk.synthesized import folder_of

pytestmark = pytest.mark.cdk


@pytest.fixture(params=[path.stem for path in example_sites()])
def site(request: pytest.FixtureRequest) -> Site:
    return read_site(next(path for path in example_sites() if path.stem == request.param))


def resources(site: Site, kind: str) -> Iterator[Mapping[str, Any]]:
    for path in sorted(folder_of(site.site).glob("*.template.json")):
        for each in json.loads(path.read_text())["Resources"].values():
            if each["Type"] == kind:
                yield each["Properties"]


def text(value: Any) -> str:
    """A parameter's value, with an id for each reference."""
    if isinstance(value, str):
        return value
    _, parts = value["Fn::Join"]
    return "".join(part if isinstance(part, str) else "vol-0abc" for part in parts)


def told(site: Site, tmp_path: Path) -> Any:
    (parameter,) = resources(site, "AWS::SSM::Parameter")
    path = tmp_path / "settings.json"
    path.write_text(
        json.dumps({"parameter": json.loads(text(parameter["Value"])), "publication": PUBLICATION})
    )
    return read_settings(path)


def test_the_boot_reads_what_the_templates_tell_it(site: Site, tmp_path: Path) -> None:
    settings = told(site, tmp_path)
    assert settings.site_url == f"https://{site.edge.domain}"
    assert (settings.ae_title, settings.dicom_port) == (site.dicom.ae_title, DICOM_PORT)
    assert (settings.database is None) == (site.database.kind == "machine")
    assert ("database" in settings.volumes) == (site.database.kind == "machine")
    assert set(settings.login) == {name for name, value in site.login if value}
    assert (settings.smtp is None) == (site.smtp is None)


def test_the_boots_log_goes_to_a_group_of_the_templates(site: Site, tmp_path: Path) -> None:
    groups = {each["LogGroupName"] for each in resources(site, "AWS::Logs::LogGroup")}
    assert told(site, tmp_path).log_group in groups


def test_what_alarms_look_at_is_what_the_agent_sends(site: Site, tmp_path: Path) -> None:
    places = Places(Path("/"), tmp_path)
    agent: Any = agent_settings("a group", places)
    figures = agent["metrics"]
    disks = [
        each for each in resources(site, "AWS::CloudWatch::Alarm") if each["MetricName"].startswith("disk")
    ]
    assert disks
    for alarm in disks:
        sent = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert alarm["Namespace"] == figures["namespace"]
        assert sorted(sent) in [sorted(each) for each in figures["aggregation_dimensions"]]
        assert sent["path"] in figures["metrics_collected"]["disk"]["resources"]
        assert alarm["MetricName"] == "disk_used_percent"


def test_the_images_beside_our_own_are_the_services_that_the_boot_wants() -> None:
    assert {*OTHERS, "admin"} == set(SERVICES)
