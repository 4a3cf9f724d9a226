"""The volumes of a scan that are contrasts of one anatomy: the echoes of a dual echo, the images of a Dixon.

Each is a volume like any other, of a scan of its own or not. What else lies at one place several times
(b-values, time points, phases of a movement) is one 4D image, and stays one.

Source: the words for Dixon images are those of PS3.3, C.8.13 (Enhanced MR Image, ImageType), and those that
Siemens, GE and Philips write into ImageType.
"""

from collections.abc import Hashable, Mapping, Sequence

from sarcoma_core.dicom.planes import TRAITS
from sarcoma_core.dicom.scan import Source

MOST = 4
"""Parts: a Dixon has four. A train of more echoes is measured to map T2, and is one 4D image."""

_DIXON: Mapping[str, str] = {
    **dict.fromkeys(("W", "WATER"), "water"),
    **dict.fromkeys(("F", "FAT"), "fat"),
    **dict.fromkeys(("IN", "IP", "IN_PHASE", "INPHASE"), "in-phase"),
    **dict.fromkeys(("OPP", "OP", "OUT_PHASE", "OUTPHASE", "OPP_PHASE", "OPPPHASE"), "opposed-phase"),
}
DIXON_WORDS = frozenset(_DIXON)
"""Values of ImageType that name a Dixon image."""

_BY_ECHO = {"EchoTime"}
_BY_WORD = {"EchoTime", "ImageType"}
_ECHO, _TYPE = TRAITS.index("EchoTime"), TRAITS.index("ImageType")


def name_parts(volumes: Sequence[Sequence[Source]], differ: Sequence[str]) -> tuple[str, ...]:
    """The name of each volume among the parts of its scan, such as `echo2` or `water`.

    Args:
        volumes: of one scan, each with the planes of one place after the other.
        differ: the keywords that tell them apart.

    Returns:
        A name for each volume, no two alike; empty where the volumes are no parts: where they are not MR, no
        value tells all planes of one from all planes of another, or a file holds planes of several.
    """
    if not differ or not 1 < len(volumes) <= MOST or not _are_whole(volumes, differ):
        return ()
    words = [{_dixon_word(source) for source in volume} for volume in volumes]
    names = [word for said in words for word in said]
    if set(differ) <= _BY_WORD and all(names) and len(set(names)) == len(names) == len(volumes):
        return tuple(names)
    times = [volume[0].plane.traits[_ECHO] for volume in volumes]
    known = [time for time in times if isinstance(time, float) and time > 0]
    if set(differ) == _BY_ECHO and len(set(known)) == len(volumes):
        return tuple(f"echo{sorted(known).index(time) + 1}" for time in known)
    return ()


def _are_whole(volumes: Sequence[Sequence[Source]], differ: Sequence[str]) -> bool:
    """Whether what tells the volumes apart is the same all through each, and no file is in two of them."""
    places = [TRAITS.index(keyword) for keyword in differ]
    seen = [{tuple(source.plane.traits[place] for place in places) for source in v} for v in volumes]
    files = [{source.header.path for source in volume} for volume in volumes]
    return (
        all(source.header.modality == "MR" for volume in volumes for source in volume)
        and all(len(values) == 1 for values in seen)
        and len(set.union(*seen)) == len(volumes)
        and len(set.union(*files)) == sum(map(len, files))
    )


def _dixon_word(source: Source) -> str:
    """What a Dixon image shows, by its ImageType beyond the first two values; empty for what is none."""
    values = source.plane.traits[_TYPE]
    return dixon_image(values if isinstance(values, tuple) else ())


def dixon_image(image_type: Sequence[Hashable]) -> str:
    """Which image of a Dixon one is, as its part is named; empty for what is none.

    Args:
        image_type: the values of ImageType; the first two say how the image came to be.
    """
    words = {_DIXON[word] for value in image_type[2:] if (word := str(value).upper()) in _DIXON}
    return words.pop() if len(words) == 1 else ""
