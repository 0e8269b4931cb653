"""What programs send and get back. The OpenAPI document and the MCP tools' schemas come from these.

Limits are the models' own constants; every field says what it means to someone who has never seen
Callboard.
"""
