"""RTSTRUCT: contours that were drawn on the slices of a series, read as masks and written from masks."""

from sarcoma_core.dicom.rtstruct.drawing import ContourDrawing
from sarcoma_core.dicom.rtstruct.reading import read_rtstruct
from sarcoma_core.dicom.rtstruct.rois import RoiToWrite, RtstructIdentity
from sarcoma_core.dicom.rtstruct.writing import write_rtstruct

__all__ = ["ContourDrawing", "RoiToWrite", "RtstructIdentity", "read_rtstruct", "write_rtstruct"]
