"""Binance's dialect over the matching model: parameters to requests, orders to JSON, refusals to codes. No I/O."""
