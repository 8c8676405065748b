"""``python -m contracts.build``: compile the contracts into contracts/artifacts."""

from __future__ import annotations

import subprocess
import sys

from contracts.artifact import ARTIFACTS_DIR
from contracts.build import BuildUnavailable, compile_contracts, install_packages


def main() -> int:
    """Exit code 0 when the artifacts are fresh, 1 when a contract does not compile, 2 when the tools are missing."""
    try:
        install_packages()
        sys.stdout.write(compile_contracts(ARTIFACTS_DIR))
    except BuildUnavailable as missing:
        print(missing, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as failed:
        print(failed.stderr, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
