"""Changes for the worse, and the invariant that has to see each: `python -m tests.cdk.mutations` shows all.

Every endpoint and every bucket of S3 is left out once. The rest are kinds of what an override, a hand in the
template or an edit of `parts/` makes of a safe site.
"""

from sarcoma_cdk.invariants import findings
from tests.cdk.editing import Mutation
from tests.cdk.mutations.boot import MUTATIONS as BOOT
from tests.cdk.mutations.buckets import MUTATIONS as BUCKETS
from tests.cdk.mutations.data import MUTATIONS as DATA
from tests.cdk.mutations.database import MUTATIONS as DATABASE
from tests.cdk.mutations.doors import MUTATIONS as DOORS
from tests.cdk.mutations.edge import MUTATIONS as EDGE
from tests.cdk.mutations.endpoints import MUTATIONS as ENDPOINTS
from tests.cdk.mutations.foreign import MUTATIONS as FOREIGN
from tests.cdk.mutations.identity import MUTATIONS as IDENTITY
from tests.cdk.mutations.keys import MUTATIONS as KEYS
from tests.cdk.mutations.lame import MUTATIONS as LAME
from tests.cdk.mutations.machine import MUTATIONS as MACHINE
from tests.cdk.mutations.network import MUTATIONS as NETWORK
from tests.cdk.mutations.telling import MUTATIONS as TELLING
from tests.cdk.mutations.unheard import MUTATIONS as UNHEARD
from tests.cdk.synthesized import copied, publication_of, site_of, with_templates

MUTATIONS: tuple[Mutation, ...] = (
    *NETWORK,
    *DOORS,
    *ENDPOINTS,
    *BUCKETS,
    *KEYS,
    *DATA,
    *DATABASE,
    *MACHINE,
    *BOOT,
    *IDENTITY,
    *EDGE,
    *TELLING,
    *FOREIGN,
    *UNHEARD,
    *LAME,
)
"""All of them."""


def rules_that_see(mutation: Mutation) -> tuple[str, ...]:
    """Names of the invariants that a mutation breaks."""
    changed = copied(mutation.site)
    mutation.edit(changed[mutation.part])
    name = mutation.site
    found = findings(with_templates(name, changed), site_of(name), publication_of(name))
    return tuple(dict.fromkeys(each.rule for each in found))
