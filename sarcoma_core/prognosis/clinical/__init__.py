"""The clinical table of a project: what its columns mean, and how people's tables become one.

A file or the fields of a server are a `Sheet` of cells (`sheets`, `fields`); `layouts` says which column
is which; `cells` reads one cell, and `checking` all of them, with a finding for each that is odd. What passes
is a `ClinicalTable` (`table`), which is the file `clinical.csv` of the project's resource CLINICAL.
"""
