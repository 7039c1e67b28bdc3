"""`python -m mertk`."""

import sys

from mertk.cli import main

if __name__ == "__main__":
    sys.exit(main())
