"""Codes of the standard, as highdicom takes them."""

from typing import Any

from sarcoma_core.dicom.drawings import CodedConcept


def highdicom_code(concept: CodedConcept) -> Any:  # noqa: ANN401  highdicom has no types that mypy reads
    """The same code for highdicom.

    Args:
        concept: a code.
    """
    import highdicom as hd  # noqa: PLC0415  seconds, and only who writes needs it

    return hd.sr.CodedConcept(concept.value, concept.scheme, concept.meaning)
