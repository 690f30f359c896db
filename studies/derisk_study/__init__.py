"""The parts of `studies/derisk.py`; what they do is fixed by `docs/evidence/protocol.md`."""
