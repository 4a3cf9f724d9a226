"""Looking at an archive in OHIF: a DICOMweb server for as long as it takes, on this machine alone."""
