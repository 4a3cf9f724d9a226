"""Synthetic patients for networks that foretell: for the demo's model, and for a study of such networks."""
