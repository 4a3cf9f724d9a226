"""The command line of sarcoma with the steps of the tests among its own: `run.py step floor-scan ...`."""

import sys

from steps import FLOOR  # of this folder, which is no package here

from sarcoma_core import steps

steps.STEPS = (*steps.STEPS, *FLOOR)

if __name__ == "__main__":
    from sarcoma_core.cli import main  # only now, as its parser has a verb for each step

    sys.exit(main())
