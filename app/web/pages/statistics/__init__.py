"""The pages of statistics: how work flows, as charts, tables and CSV."""

from app.web.pages.statistics.blueprint import blueprint

__all__ = ["blueprint"]
