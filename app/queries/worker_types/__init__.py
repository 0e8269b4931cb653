"""Worker types: a project's list, and the versions of a prompt."""
