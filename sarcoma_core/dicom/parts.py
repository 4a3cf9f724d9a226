"""The volumes of a scan that are contrasts of one anatomy: the echoes of a dual echo, the images of a Dixon.

Each is a volume like any other, of a scan of its own or not. What else lies at one place several times
(b-values, time points, phases of a movement) is one 4D image, and stays one.

Source: the words for Dixon images are those of PS3.3, C.8.13.3.1.4 (ImageType, value 4), and of ImageType as
Siemens, GE and Philips write it.
"""

from collections.abc import Mapping, Sequence

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
_BY_ECHO = {"EchoTime"}
_BY_WORD = {"EchoTime", "ImageType"}
_ECHO, _TYPE = TRAITS.index("EchoTime"), TRAITS.index("ImageType")


def name_parts(volumes: Sequence[Sequence[Source]], differ: Sequence[str]) -> tuple[str, ...]:
    """The name of each volume among the parts of its scan, such as `echo2` or `water`.

    Args:
        volumes: of one scan, each with the planes of one place after the other.
        differ: the keywords that tell them apart.

    Returns:
        A name for each volume, no two alike; empty where the volumes are no parts, or a file holds planes of
        several.
    """
    files = {source.header.path for volume in volumes for source in volume}
    alone = len(files) == sum(len({s.header.path for s in volume}) for volume in volumes)
    if not 1 < len(volumes) <= MOST or not alone:
        return ()
    words = [_dixon_word(volume[0]) for volume in volumes]
    if set(differ) <= _BY_WORD and all(words) and len(set(words)) == len(words):
        return tuple(words)
    times = [volume[0].plane.traits[_ECHO] for volume in volumes]
    if set(differ) == _BY_ECHO and all(isinstance(time, float) for time in times):
        order = sorted(range(len(times)), key=lambda n: float(str(times[n])))
        return tuple(f"echo{order.index(n) + 1}" for n in range(len(times)))
    return ()


def _dixon_word(source: Source) -> str:
    """What a Dixon image shows, by its ImageType beyond the first two values; empty for what is none."""
    values = source.plane.traits[_TYPE]
    said = values[2:] if isinstance(values, tuple) else ()
    words = {_DIXON[word] for value in said if (word := str(value).upper()) in _DIXON}
    return words.pop() if len(words) == 1 else ""
