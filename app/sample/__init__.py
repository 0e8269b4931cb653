"""The sample project: a shop's tickets in every situation, for someone who looks around."""
