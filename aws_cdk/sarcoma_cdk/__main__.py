"""`python -m sarcoma_cdk` is `sarcoma-site`."""

import sys

from sarcoma_cdk.cli import main

if __name__ == "__main__":
    sys.exit(main())
