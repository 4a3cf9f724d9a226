"""The errors of this package: each says what must be, what was found, and what to run next.

SiteError
├── ConfigError      the site's file, or its lock, is not usable
├── RefusedError     what was asked for may not be done now
└── CloudError       AWS refused, or answered something else than it must
"""


class SiteError(Exception):
    """Anything that `sarcoma-site` and the app refuse.

    Args:
        text: the argument, the rule and the found value.
        hint: the next command to run, or what to change.
    """

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} {self.hint}" if self.hint else text


class ConfigError(SiteError):
    """The site's file, or its lock, is not usable."""


class RefusedError(SiteError):
    """What was asked for may not be done now."""


class CloudError(SiteError):
    """AWS refused, or answered something else than it must."""
