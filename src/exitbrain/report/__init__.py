"""What people look at after a run: one self-contained page.

`build_payload` turns the files of a run into one JSON value (`build_summary` that part of it which needs no set whole),
`render_report` puts that value into the built page, `write_report` puts the page on disk. Nothing here computes money:
amounts come in as text and leave as text. The same input gives the same bytes.
"""

from __future__ import annotations

from exitbrain.report.page import render_report, write_report
from exitbrain.report.payload import build_payload, build_summary
from exitbrain.report.sweeps import build_sweep_payload

__all__ = ["build_payload", "build_summary", "build_sweep_payload", "render_report", "write_report"]
