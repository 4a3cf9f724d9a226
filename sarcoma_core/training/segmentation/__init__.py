"""Training of networks that segment: surveyed, planned, trained, resumed. Importing it loads no torch."""
