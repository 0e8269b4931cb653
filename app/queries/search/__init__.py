"""Full-text search: what was typed, and the texts that hold it."""
