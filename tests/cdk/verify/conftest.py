"""The two example sites on the emulator, published; as they were before when the module is through."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cdk.emulator.deploying import Deployment
    from tests.cdk.verify.standing import Standing

collect_ignore_glob = [] if find_spec("aws_cdk") and find_spec("moto") else ["test_*.py"]


@pytest.fixture(scope="module")
def standing(
    example_on_aws: "Deployment", university_on_aws: "Deployment"
) -> "Iterator[dict[str, Standing]]":
    from tests.cdk.verify.standing import published  # noqa: PLC0415  of the extra

    deployments = (example_on_aws, university_on_aws)
    for each in deployments:
        each.emulator.tell("keep", name="unpublished")
    yield {each.site.site: published(each) for each in deployments}
    for each in deployments:
        each.emulator.tell("put-back", name="unpublished")
