"""`python -m reimagine` is the command `reimagine`."""

import sys

from reimagine.apps.cli import main

sys.exit(main())
