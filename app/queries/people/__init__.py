"""Who has access, and what they did: accounts, API tokens, the audit."""
