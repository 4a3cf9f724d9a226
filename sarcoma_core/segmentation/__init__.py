"""Masks: how well two of them agree, and how large one is."""
