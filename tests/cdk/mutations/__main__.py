"""The table: each mutation, and who sees it."""

from tests.cdk.mutations import MUTATIONS, rules_that_see

for each in MUTATIONS:
    print(f"{each.site:10} {each.part:10} {each.name:60} {', '.join(rules_that_see(each)) or 'NOBODY'}")  # noqa: T201
print(f"{len(MUTATIONS)} mutations")  # noqa: T201
