"""DICOM to a server: what is to be sent, sending it, and whether it arrived."""
