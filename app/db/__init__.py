"""The database: engine, base and column types, transactions, errors."""
