"""Signing in: passwords, links, sessions, single sign-on, trusted header, roles."""
