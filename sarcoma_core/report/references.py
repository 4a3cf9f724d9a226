"""The papers that methods sentences cite, by their keys in docs/references.bib."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """One paper, as a reference list prints it.

    Args:
        key: its key in docs/references.bib.
        text: authors, title, journal, volume, pages and year.
        doi: the identifier, without a resolver.
    """

    key: str
    text: str
    doi: str = ""

    @property
    def url(self) -> str:
        """Where the identifier resolves; empty when there is none."""
        return f"https://doi.org/{self.doi}" if self.doi else ""


_ALL = (
    Reference(
        "tustison2010",
        "Tustison NJ, Avants BB, Cook PA, Zheng Y, Egan A, Yushkevich PA, Gee JC. N4ITK: improved N3 bias "
        "correction. IEEE Transactions on Medical Imaging 29(6):1310-1320, 2010.",
        "10.1109/TMI.2010.2046908",
    ),
    Reference(
        "li2016",
        "Li X, Morgan PS, Ashburner J, Smith J, Rorden C. The first step for neuroimaging data analysis: "
        "DICOM to NIfTI conversion. Journal of Neuroscience Methods 264:47-56, 2016.",
        "10.1016/j.jneumeth.2016.03.001",
    ),
    Reference(
        "mattes2003",
        "Mattes D, Haynor DR, Vesselle H, Lewellen TK, Eubank W. PET-CT image registration in the chest "
        "using free-form deformations. IEEE Transactions on Medical Imaging 22(1):120-128, 2003.",
        "10.1109/TMI.2003.809072",
    ),
    Reference(
        "rueckert1999",
        "Rueckert D, Sonoda LI, Hayes C, Hill DLG, Leach MO, Hawkes DJ. Nonrigid registration using "
        "free-form deformations: application to breast MR images. IEEE Transactions on Medical Imaging "
        "18(8):712-721, 1999.",
        "10.1109/42.796284",
    ),
    Reference(
        "lowekamp2013",
        "Lowekamp BC, Chen DT, Ibáñez L, Blezek D. The design of SimpleITK. Frontiers in Neuroinformatics "
        "7:45, 2013.",
        "10.3389/fninf.2013.00045",
    ),
)

REFERENCES: Mapping[str, Reference] = {reference.key: reference for reference in _ALL}


def reference(key: str) -> Reference:
    """The paper of a key; a key from another version of this package stands for itself."""
    return REFERENCES.get(key) or Reference(key, key)
