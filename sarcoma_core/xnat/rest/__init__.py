"""A client of XNAT over REST: the one place that speaks to a server."""
