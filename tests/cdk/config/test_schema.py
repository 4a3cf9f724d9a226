"""The published JSON Schema of a site's file is the one of the code."""

from pathlib import Path

import pytest

from sarcoma_cdk.config import schema

pytestmark = pytest.mark.cdk

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "site.schema.json"
WRITE = "python -c \"from sarcoma_cdk.config import schema; print(schema(), end='')\""


def test_the_published_schema_is_that_of_the_code() -> None:
    assert PAGE.read_text("utf-8") == schema(), f"write it anew: {WRITE} >{PAGE.name}"
