"""Exit Brain: the exit half of a trading system."""

__version__ = "0.1.0"
