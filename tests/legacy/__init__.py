"""What 0.1.0 left: its manifests, its ledger, its session record; and a script that makes the DICOM again."""
