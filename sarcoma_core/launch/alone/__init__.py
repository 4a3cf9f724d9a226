"""One line without an archive: images in, masks out; the same steps, in an archive that is thrown away."""
