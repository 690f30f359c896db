"""The live monitor's rules: what should rest at the venue for a position, and what to send so that it does.

    state, effects = step(state, event, now)

Level-triggered: an event only updates what is believed about the venue. What should rest there (`desired`) is computed
from that belief, and the difference (`placing`) becomes effects. So a duplicate, a late message or a restart asks for
nothing by itself: it can only correct the belief.

    long 10 @ 100, stop 98, rungs 5 @ 102 and 5 @ 104:
    PositionSeen 10 → ask for the open orders first: what rests there already counts as cover
    OrdersSeen ()   → disaster stop, close-position, @ 90; working stop 10 @ 98; takes 5 @ 102, 5 @ 104
    the take @ 102 fills → PositionSeen 5 → stop 5 @ 98; when the venue says that it rests, the stop of 10 is cancelled

Prices are ticks, quantities lots, times microseconds. `now` is an argument; nothing here has a clock, dice or I/O, and
nothing tells a simulation from a venue.
"""
