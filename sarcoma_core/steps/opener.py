"""Who launched a step, by name: for what is to stand beside a name, as the opening of a test set is."""

import getpass
import os

from sarcoma_core.steps.launched import launched_by_xnat
from sarcoma_core.steps.launcher import launching_xnat


def name_of_launcher() -> str:
    """The user of XNAT who launched this run; else that of the machine, by number where it has no name.

    Raises:
        ServerError: XNAT launched it, and does not answer.
    """
    if launched_by_xnat():
        with launching_xnat() as connection:
            return connection.user
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user has no entry
        return f"uid {os.getuid()}"
