"""The sample project: a shop's tickets in every situation, played by `seed` and `demo`."""
