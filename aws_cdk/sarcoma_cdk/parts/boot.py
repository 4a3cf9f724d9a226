"""What the machine is told, and how the outcome of its boot comes back."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnWaitCondition, CfnWaitConditionHandle, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import parameter_name

_PATIENCE = 3600
"""Seconds for a first boot: 20 GB of images are pulled, XNAT makes its tables."""


class Boot(Construct):
    """The settings, and the wait for what comes of them.

    The machine looks at its parameter every two minutes, and boots when it has changed. A wait condition is
    never updated: so its name has the publication and a mark of the settings in it, and others are waited for
    anew.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        settings: what the boot reads, `publication` among it.
        ids: what it reads of other stacks.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        settings: Mapping[str, Any],
        ids: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, name)
        told = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        mark = f"{settings['publication'][:12]}{told[:8]}"
        handle = CfnWaitConditionHandle(self, f"Outcome{mark}")
        parameter = ssm.CfnParameter(
            self,
            "Settings",
            name=parameter_name(site),
            type="String",
            tier="Intelligent-Tiering",
            description=f"What the machine of Sarcoma site {site.site} is made of; no secret",
            value=Stack.of(self).to_json_string({**settings, **ids, "signal": handle.ref}),
        )
        condition = CfnWaitCondition(
            self, f"Booted{mark}", handle=handle.ref, timeout=str(_PATIENCE), count=1
        )
        condition.node.add_dependency(parameter)
