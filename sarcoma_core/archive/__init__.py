"""An XNAT-shaped archive on disk."""
