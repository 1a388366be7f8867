"""`python -m lmz.corpus`."""

import sys

from .cli import main

sys.exit(main())
