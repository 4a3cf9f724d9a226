"""An embedded stand-in for XNAT over our archive: REST and one page, built from a reading of XNAT."""
