"""One module a subject; each holds a router under /api."""
