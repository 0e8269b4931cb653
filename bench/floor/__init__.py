"""The floor: what Flask, SQLAlchemy Core and Jinja cost when they do nothing but the task."""
