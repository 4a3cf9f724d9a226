"""What stands in the way of a site, asked before anything is made. Nothing here writes."""

from sarcoma_cdk.plan.examining import examine, page
from sarcoma_cdk.plan.finding import PlanFinding

__all__ = ["PlanFinding", "examine", "page"]
