"""Binance USD-M futures: the core's effects as requests, answers and streams as the core's events, and the wire.

    request_of(effect, instrument)                        → requests
    answer_events(effect, replies, asked_at, instrument)  → events
    stream_events(payload, instruments, now)              → events

These three and `instruments_of` are without I/O: the same words pass over a socket, in a simulation from a seed, and in
tests. A position's key is its symbol: one account, one-way mode. The core counts microseconds, the venue milliseconds.
Stops, and takes by market, are the venue's conditional ("algo") orders; limits and market orders its plain ones.
"""
