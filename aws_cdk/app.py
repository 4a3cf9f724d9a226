"""The CDK app: `npx --no-install cdk deploy --all -c site=NAME` builds the site of `sites/NAME.yaml`.

Run it in this folder with the repository's Python: `. ../.venv/bin/activate`. `-c site=` may be left out
where only one file in sites/ is no example.
"""

import sys

from sarcoma_cdk.application import main

if __name__ == "__main__":
    sys.exit(main())
