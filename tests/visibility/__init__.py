"""What one may not see isn't there: in pages, lists, counts, feeds, the API and MCP."""
