"""What storyreport costs, measured beside its peers: see README.md."""
