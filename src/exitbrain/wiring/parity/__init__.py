"""Does the live monitor leave positions as the backtest says? The same candles through both, exit by exit."""
