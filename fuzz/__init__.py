"""Long trials by hand: faults at random, until the time is over. See docs/reliability.md."""
