"""Networks on images: windows, the way back to the native grid, uncertainty, and a gate that doubts."""
