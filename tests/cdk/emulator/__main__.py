"""`python -m tests.cdk.emulator --port N`: the emulator as a process of its own, on 127.0.0.1."""

import argparse
import sys

from tests.cdk.emulator.server import Server


def main() -> int:
    """Serve until killed; the first line that it prints is where."""
    parser = argparse.ArgumentParser(prog="python -m tests.cdk.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--stock", action="store_true", help="moto as it comes, for comparison")
    asked = parser.parse_args()
    server = Server(asked.port, strict=not asked.stock)
    server.start()
    sys.stdout.write(f"{server.endpoint}\n")
    sys.stdout.flush()
    server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
