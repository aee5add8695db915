"""``python -m synaptic_balance``: the program ``synbal``."""

import sys

from ._program import main

sys.exit(main())
