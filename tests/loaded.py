"""The board's code: what is imported here, processes that are forked by `processes.py` have."""

from importlib import import_module
from pkgutil import walk_packages

from sqlalchemy.orm import configure_mappers

from app.queries.language.grammar import parser
from app.web import pages

for _module in walk_packages(pages.__path__, f"{pages.__name__}."):
    import_module(_module.name)
configure_mappers()
parser()
