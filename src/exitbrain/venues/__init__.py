"""Where orders go: the simulated venue, and one module for each real one."""
