"""Regions of interest, as the OHIF plugin takes them."""
