"""Records of the Beads issue tracker, one JSON object a line, and how they become tickets."""
