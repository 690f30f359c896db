"""How well a writer of plans does: templates and recorded answers in market situations that were recorded.

    python studies/strategist.py --data FOLDER --write           # the tables of docs/evidence/strategist.md
    python studies/strategist.py --data FOLDER --recordings DIR  # answers of your own model, as `propose --record` writes

FOLDER holds the candles (see docs/evidence/strategist.md); nothing of them is copied. No model is asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from strategist_bench.command import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
