"""Features of the intensities and of the shape of a region, by the definitions of IBSI 1, in numpy.

A region is what a mask holds of an image: one mask for intensities and shape alike, with no resampling, no
re-segmentation and no discretisation before (docs/concepts/radiomics.md). Everything is a pure function of
arrays; lengths are mm, intensities are in the unit of the image.

Source: Zwanenburg et al., Radiology 2020, and the reference manual, arXiv:1612.07003.
"""
