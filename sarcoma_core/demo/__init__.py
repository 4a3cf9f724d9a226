"""The main job from end to end: DICOM -> archive -> `prepare` -> report, on synthetic or own data.

Synthetic patients have a known truth, so the demo checks itself (`mr_check`, `frame_check`). The same command
is the self-test of an installation.
"""

CHAIN = "prepare"
