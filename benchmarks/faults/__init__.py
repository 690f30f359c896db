"""One schedule of faults, played to two bots on the simulated venue, and judged from the venue's own log."""
