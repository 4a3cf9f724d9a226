"""Sarcoma: XNAT Container Service steps for soft-tissue-sarcoma imaging AI."""

__version__ = "0.11.0"
