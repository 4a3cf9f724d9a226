"""`python -m sarcoma_core` is `sarcoma`."""

import sys

from sarcoma_core.cli import main

sys.exit(main())
