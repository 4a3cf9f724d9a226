"""The REST interface: one module for each part of XNAT's, and how bodies come in."""
