"""XNAT's objects over the archive: what they are, how they are shown, made, filled and deleted."""
