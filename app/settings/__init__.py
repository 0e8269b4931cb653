"""The environment, validated: the board, and sign-on."""
