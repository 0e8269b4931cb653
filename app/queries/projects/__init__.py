"""Projects: lists, members, and what their plans are made of."""
