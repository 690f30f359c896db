"""What a run came to is the same from the worker that computed it, from rows alone, and from an imported folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from exitbrain.wiring.workbench import Workbench
from exitbrain.wiring.workbench.results import forget_results

from .worlds import long_request, watched


def test_results_from_rows_are_those_of_the_whole_sets(working: Workbench, tmp_path: Path) -> None:
    asked = long_request(tmp_path, bars=4_000)
    run_id = working.submit(asked).run_id
    assert watched(working, run_id)[-1].status == "done"
    kept = working.results(run_id)
    assert kept["exits"]["reasons"] and kept["months"][0]["sets"] > 3 and kept["r_histogram"] and kept["rungs"]
    forget_results(working.home, run_id)
    assert working.results(run_id) == kept
    folder = shutil.copytree(working.home.runs / run_id, tmp_path / "folder")
    working.delete(run_id)
    working.add_folder(str(folder))
    assert working.results(run_id) == kept
