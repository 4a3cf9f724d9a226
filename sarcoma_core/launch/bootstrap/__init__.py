"""A fresh XNAT made a site: how it is to be, read from a file or arguments, and doing it."""
