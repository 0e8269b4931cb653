"""Events: lists for people, and the feed for programs."""
