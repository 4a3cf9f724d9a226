"""The CDK app: `npx --no-install cdk deploy --all -c site=NAME` builds the site of `sites/NAME.yaml`.

Run it in this folder with the repository's Python: `. ../.venv/bin/activate`. `-c site=` may be left out
where only one file in sites/ is no example.
"""

import sys

if __name__ == "__main__":
    try:
        from sarcoma_cdk.application import main
    except ImportError as error:
        sys.exit(f"error: {error.name} is missing here. In the repository: make cdk; . .venv/bin/activate")
    sys.exit(main())
