"""``python -m gradcli``, and the command itself."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it. An interrupt while loading is one, too."""
    try:
        from gradcli.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("gradcli: interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
