"""Histological types of soft-tissue sarcoma, and how else people write them.

Source: WHO Classification of Soft Tissue and Bone Tumours, 5th edition, 2020. Malignant fibrous histiocytoma
is an old name of undifferentiated pleomorphic sarcoma (since 2002), its myxoid kind of myxofibrosarcoma.
"""

from collections.abc import Mapping
from typing import Final

HISTOLOGIES: Final[Mapping[str, tuple[str, ...]]] = {
    "undifferentiated pleomorphic sarcoma": (
        *("ups", "mfh", "malignant fibrous histiocytoma", "pleomorphic mfh", "undifferentiated pleomorphic"),
        *("undifferentiated sarcoma", "pleomorphic sarcoma", "storiform pleomorphic mfh"),
        *("undifferentiated high grade pleomorphic sarcoma", "undifferentiated spindle cell sarcoma"),
    ),
    "myxofibrosarcoma": (
        *(
            "mfs",
            "myxoid mfh",
            "myxoid fibrosarcoma",
            "fibromyxosarcoma",
            "myxoid malignant fibrous histiocytoma",
        ),
        "myxofibrosarcoma undifferentiated",
    ),
    "leiomyosarcoma": (
        "lms",
        "pleomorphic leiomyosarcoma",
        "leiomyosarcoma nos",
        "conventional leiomyosarcoma",
    ),
    "well-differentiated liposarcoma": (
        *("wdlps", "wdl", "well differentiated liposarcoma", "atypical lipomatous tumour", "alt"),
        *("atypical lipomatous tumor", "liposarcoma well differentiated"),
    ),
    "dedifferentiated liposarcoma": ("ddlps", "dedifferentiated lps", "liposarcoma dedifferentiated"),
    "myxoid liposarcoma": ("mls", "mlps", "mrcls", "round cell liposarcoma", "myxoid round cell liposarcoma"),
    "pleomorphic liposarcoma": ("plps", "liposarcoma pleomorphic"),
    "liposarcoma, other": ("liposarcoma", "lps", "liposarcoma nos", "mixed liposarcoma"),
    "synovial sarcoma": (
        *("ss", "biphasic synovial sarcoma", "monophasic synovial sarcoma", "synovial sarcoma biphasic"),
        *("synovial sarcoma spindle cell", "synovial sarcoma nos", "synovial sarcoma monophasic"),
    ),
    "malignant peripheral nerve sheath tumour": (
        *("mpnst", "malignant peripheral nerve sheath tumor", "neurofibrosarcoma", "malignant schwannoma"),
    ),
    "fibrosarcoma": ("adult fibrosarcoma", "infantile fibrosarcoma", "fibrosarcoma nos"),
    "sclerosing epithelioid fibrosarcoma": ("sef",),
    "low-grade fibromyxoid sarcoma": ("lgfms", "low grade fibromyxoid sarcoma"),
    "solitary fibrous tumour": (
        *(
            "sft",
            "solitary fibrous tumor",
            "malignant solitary fibrous tumor",
            "malignant solitary fibrous tumour",
        ),
        "hemangiopericytoma",
    ),
    "dermatofibrosarcoma protuberans": ("dfsp",),
    "epithelioid sarcoma": ("epithelioid sarcoma proximal type",),
    "clear cell sarcoma": ("ccs",),
    "alveolar soft part sarcoma": ("asps",),
    "angiosarcoma": ("haemangiosarcoma", "hemangiosarcoma"),
    "rhabdomyosarcoma": ("rms", "embryonal rhabdomyosarcoma", "alveolar rhabdomyosarcoma"),
    "extraskeletal osteosarcoma": ("extraskeletal osteogenic sarcoma",),
    "extraskeletal Ewing sarcoma": ("ewing sarcoma", "extraskeletal ewing", "ewings sarcoma", "pnet"),
    "extraskeletal myxoid chondrosarcoma": ("emc", "extraskeletal chondrosarcoma"),
    "desmoid fibromatosis": ("desmoid", "aggressive fibromatosis", "desmoid tumor", "desmoid tumour"),
    "other sarcoma": ("other", "sarcoma nos", "sarcoma", "spindle cell sarcoma", "giant cell sarcoma"),
}
"""The type as the table has it, and other words for it, in small letters without accents or marks."""
