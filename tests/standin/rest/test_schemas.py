"""The schemas that the stand-in serves are legal, and name every type that it makes objects of."""

from importlib.resources import as_file, files
from pathlib import Path

import pytest
import requests
from lxml import etree

from sarcoma_core.standin.objects.types import ASSESSOR_TYPES, DEFAULT_TYPE, SCAN_TYPES, SESSION_TYPES
from sarcoma_core.standin.rest.schemas import SCHEMAS
from tests.standin.conftest import LOGIN, PASSWORD

XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_legal(name: str) -> None:
    with as_file(files("sarcoma_core.standin") / "schemas") as folder:
        etree.XMLSchema(etree.parse(Path(folder, f"{name}.xsd")))


def test_every_type_of_an_object_is_in_a_schema() -> None:
    known = set()
    for prefix in ("xnat", "icr"):
        text = (files("sarcoma_core.standin") / "schemas" / f"{prefix}.xsd").read_bytes()
        known |= {f"{prefix}:{each.get('name')}" for each in etree.fromstring(text).iter(f"{XS}complexType")}
    assert {*SESSION_TYPES, *SCAN_TYPES, *ASSESSOR_TYPES, *DEFAULT_TYPE.values()} <= known


def test_schemas_are_served_in_the_order_in_which_they_build_on_each_other(url: str) -> None:
    login = (LOGIN, PASSWORD)
    assert requests.get(f"{url}/xapi/schemas", auth=login, timeout=30).json() == list(SCHEMAS)
    for name in SCHEMAS:
        answer = requests.get(f"{url}/xapi/schemas/{name}", auth=login, timeout=30)
        assert etree.fromstring(answer.content).tag == f"{XS}schema"
    for name in ("nothing", "..%2fxnat", "xnat.xsd"):
        assert requests.get(f"{url}/xapi/schemas/{name}", auth=login, timeout=30).status_code == 404
