"""The Event Service and orchestrations: what starts a launch without a person."""
