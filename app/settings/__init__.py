"""The environment, validated: the board, and sign-on."""


class ConfigError(Exception):
    """A setting is wrong; the message is one line that names it."""
