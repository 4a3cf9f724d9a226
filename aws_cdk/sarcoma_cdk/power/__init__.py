"""Stop and start the machine of a site, with or without a GPU; never while XNAT is at work."""

from sarcoma_cdk.power.desk import Desk
from sarcoma_cdk.power.sleeping import sleep
from sarcoma_cdk.power.waking import wake

__all__ = ["Desk", "sleep", "wake"]
