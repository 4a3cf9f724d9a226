"""The Container Service: commands and wrappers, launches, workflows and containers."""
