"""Networks, and the folder in which a trained one travels. Importing it loads no torch."""
