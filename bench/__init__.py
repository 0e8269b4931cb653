"""How fast Callboard is: see bench/README.md."""
