"""Who gives the order: the account, the questions, the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sarcoma_cdk.cloud import Cloud


@dataclass(frozen=True)
class Desk:
    """What `sleep` and `wake` are given.

    Args:
        cloud: the site's account.
        ask: asks a question, and raises `RefusedError` when the answer is no.
        say: takes a line about what is going on.
        force: whether work of XNAT may be lost.
        pause: waits for some seconds.
    """

    cloud: Cloud
    ask: Callable[[str], None]
    say: Callable[[str], None]
    force: bool = False
    pause: Callable[[float], None] = time.sleep
