"""What is good and what is bad: the figures of a morning, limits, findings that are known."""
