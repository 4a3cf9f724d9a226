"""What a site costs, by a list of prices: an estimate, not a bill."""

from sarcoma_cdk.cost.estimating import Estimate, Item, estimate
from sarcoma_cdk.cost.prices import Prices, read_prices
from sarcoma_cdk.cost.table import as_json, table

__all__ = ["Estimate", "Item", "Prices", "as_json", "estimate", "read_prices", "table"]
