"""The main job from end to end: DICOM -> archive -> `prepare` -> report, on synthetic or own data.

Synthetic patients have a known truth, so the demo checks itself (`mr_check`, `frame_check`). The same command
is the self-test of an installation. Asked to, it runs `read` in its place: its own model draws the tumour
(`drawn_check`), for which PyTorch is needed.
"""

CHAIN = "prepare"
READING_CHAIN = "read"
