"""A simulated Binance USD-M futures venue: one matching model, in process with virtual time or as a server.

    market   contracts, orders, the account and how price moves through resting orders; no clock, no dice, no I/O
    dialect  the venue's REST answers and stream payloads over that model; no I/O
    server   HTTP and WebSocket around the dialect

Time is what the caller says it is. Prices come from candles, walked along the same paths as a backtest's.
"""
