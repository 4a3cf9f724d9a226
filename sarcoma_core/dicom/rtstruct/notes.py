"""What a reader has to know of a mask that was made of contours, in sentences made of counts."""

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "open_contours": "{0} open or of points only, which bound no area: left out",
    "short_contours": "{0} of fewer than 3 points: left out",
    "miscounted_contours": "{0} of another number of points than NumberOfContourPoints says",
    "duplicate_contours": "{0} drawn again on the same slice: counted once",
    "clipped_contours": "{0} partly beyond the sides of the image: cut off there",
    "outside_contours": "{0} beyond the sides of the image altogether: left out",
}


def noted(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences for whatever was counted, without a full stop."""
    notes = [
        sentence.format(f"{count} contour{'s' if count > 1 else ''}")
        for key, sentence in _SENTENCES.items()
        if (count := facts[key])
    ]
    if empty := facts["empty_slices"]:
        between = f"{empty} slice{'s' if empty > 1 else ''} between the first and the last contour"
        notes.append(f"{between} without any: left empty")
    if off := facts["off_plane_mm"]:
        notes.append(f"contours lie up to {off:.2f} mm off the slices that they were put on")
    if shared := facts["twice_ml"]:
        notes.append(
            f"{shared:.3g} ml lie inside two contours and are left out: holes, or contours that cross or "
            "were drawn twice"
        )
    return tuple(notes)
