"""The edge of a request: proxies, headers, errors, live regions."""
