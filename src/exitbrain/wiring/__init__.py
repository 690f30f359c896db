"""Where concrete adapters meet the rules: clocks, logs, defaults."""
