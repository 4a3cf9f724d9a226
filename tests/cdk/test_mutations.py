"""Every change for the worse is refused, by the invariant that is there for it."""

import pytest

from sarcoma_cdk.invariants import findings
from sarcoma_cdk.naming import SERVICES
from tests.cdk.editing import Mutation
from tests.cdk.mutations import MUTATIONS, rules_that_see
from tests.cdk.synthesized import SITES, copied, site_of, with_templates

pytestmark = pytest.mark.cdk


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name.replace(" ", "-"))
def test_a_change_for_the_worse_is_refused(mutation: Mutation) -> None:
    before, after = copied(mutation.site), copied(mutation.site)
    mutation.edit(after[mutation.part])
    assert with_templates(mutation.site, after) != with_templates(mutation.site, before), "it changes nothing"
    assert mutation.rule in rules_that_see(mutation)


def test_no_two_mutations_have_the_same_name() -> None:
    names = [each.name for each in MUTATIONS]
    assert sorted(set(names)) == sorted(names)


def test_both_example_sites_are_mutated() -> None:
    assert {each.site for each in MUTATIONS} == set(SITES)


def test_every_endpoint_is_left_out_once() -> None:
    names = {each.name for each in MUTATIONS}
    assert {f"without the endpoint {name}" for name in SERVICES} <= names


@pytest.mark.parametrize("part", ["network", "store", "data", "machine", "edge", "operations", "boot"])
def test_every_resource_of_the_example_that_is_not_a_name_or_a_picture_is_missed(part: str) -> None:
    unmissed = []
    for name, resource in copied("example")[part]["Resources"].items():
        changed = copied("example")
        del changed[part]["Resources"][name]
        if not findings(with_templates("example", changed), site_of("example")):
            unmissed.append(resource["Type"])
    assert set(unmissed) <= {"AWS::KMS::Alias", "AWS::CloudWatch::Dashboard"}
