"""The model that the demo reads with: trained on synthetic patients, judged on others that it never saw."""
