"""The pages: one blueprint per entity."""
