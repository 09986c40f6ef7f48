"""`python -m reimagine` is the command `reimagine`."""

import sys

if not sys.flags.safe_path:
    # Python puts the current folder first, where a torch.py of whoever filled it would be taken for the library.
    sys.path.append(sys.path.pop(0))

from reimagine.apps.cli import main

sys.exit(main())
