"""DICOM series: geometry, conversion, receipts."""
