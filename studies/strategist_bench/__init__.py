"""The bench of written plans: situations, writers, scores, and the page."""
