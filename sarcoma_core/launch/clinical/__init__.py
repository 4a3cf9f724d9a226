"""The clinical table on its way to a project and back: the resource CLINICAL, and fields of subjects."""
