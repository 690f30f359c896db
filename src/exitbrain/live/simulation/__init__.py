"""The live core against the simulated venue, in virtual time, from a seed: what can go wrong does, and laws are looked at
after everything that happens.

    core.live.step, behind a journal in memory  ──requests──►  wire: late, lost, doubled, refused  ──►  venues.simulated
                     ▲                          ◄─answers, stream: late, lost, doubled, stale, denied ──
                     └── crashes at every boundary of the journal; what comes back is what the journal replays

    swarm     what goes wrong in the history of a seed, and how often
    agenda    virtual time; faults drawn from the seed, each kind from dice of its own
    venue     the one matching model (`venues.simulated.exchange`), what it tells, and its log
    wire      what lies between, in both directions
    process   the monitor: step, journal, crash, replay
    people    price, other traders, operators
    judging   the laws, judged by the venue's log
    playing   one seed from its first event to the quiet at its end
    crashing  named scenarios with a crash at every boundary
    mutants   planted bugs, each from the catalogue of failures
    campaign  many seeds, resumable

The core has no part in this: it is called as the asyncio shell calls it, and nothing tells it that it is simulated.
"""
