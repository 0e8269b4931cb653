"""What a person may type: one file an entity."""
