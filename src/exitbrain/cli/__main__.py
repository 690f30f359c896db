"""`python -m exitbrain.cli`: the command line where its script is not on PATH."""

import sys

from exitbrain.cli import main

sys.exit(main())
