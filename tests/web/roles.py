"""Who may come where, written down apart from the routes: a slip of the pen there is seen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.models.user import may

ANYONE = "anyone"

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "static": ANYONE,
        "bundle": ANYONE,
        "health.alive": ANYONE,
        "health.ready": ANYONE,
        "metrics.show": ANYONE,  # asks for a token, or an admin, by itself
        # To come in.
        "accounts.sign_in": ANYONE,
        "accounts.sign_out": ANYONE,
        "accounts.setup": ANYONE,
        "accounts.join": ANYONE,
        "accounts.reset": ANYONE,
        "sso.start": ANYONE,
        "sso.join": ANYONE,
        "sso.come_back": ANYONE,
        "trusted_header.join": ANYONE,
        # To see the board.
        "dashboard.show": "viewer",
        "first_steps.hide": "viewer",
        "first_steps.sample": "lead",
        "connect.show": "viewer",
        "connect.make_token": "admin",
        "search.show": "viewer",
        "search.palette": "viewer",
        "board.show_all": "viewer",
        "board.more_cards": "viewer",
        "projects.index": "viewer",
        "projects.show": "viewer",
        "plan_templates.index": "viewer",
        "worker_types.index": "viewer",
        "worker_types.show": "viewer",
        "tickets.index": "viewer",
        "tickets.suggest": "viewer",
        "tickets.choose": "viewer",
        "tickets.show": "viewer",
        "tickets.brief": "viewer",
        "comments.history": "viewer",
        # Views of one's own; the rules of a view say who changes everyone's.
        "saved_views.index": "viewer",
        "saved_views.show": "viewer",
        "saved_views.new": "viewer",
        "saved_views.edit": "viewer",
        "saved_views.begin_with": "viewer",
        "saved_views.move_up": "viewer",
        "saved_views.delete": "viewer",
        "workers.index": "viewer",
        "workers.show": "viewer",
        "inbox.index": "viewer",
        "inbox.waiting": "viewer",
        "events.index": "viewer",
        "events.show": "viewer",
        "statistics.index": "viewer",
        "statistics.download": "viewer",
        "statistics.of_project": "viewer",
        "statistics.download_of_project": "viewer",
        # One's own account.
        "accounts.edit": "viewer",
        "accounts.password": "viewer",
        "accounts.end_session": "viewer",
        "accounts.sign_out_everywhere": "viewer",
        "sso.connect": "viewer",
        "connections.confirm": "viewer",
        "connections.disconnect": "viewer",
        "trusted_header.connect": "viewer",
        # To work with tickets, and step in.
        "board.choose": "member",
        "board.move": "member",
        "board.add": "member",
        "tickets.new": "member",
        "tickets.paste": "member",
        "tickets.edit": "member",
        "tickets.tick": "member",
        "tickets.change_title": "member",
        "tickets.change_priority": "member",
        "tickets.change_labels": "member",
        "tickets.change_assignee": "member",
        "tickets.change_parent": "member",
        "tickets.plan": "member",
        "tickets.complete": "member",
        "tickets.send_back": "member",
        "tickets.hold": "member",
        "tickets.resume": "member",
        "tickets.retry": "member",
        "tickets.stop": "member",
        "tickets.reopen": "member",
        "tickets.act": "member",
        "tickets.arrange": "viewer",
        "tickets.undo": "member",
        "tickets.depend": "member",
        "tickets.release_dependency": "member",
        "comments.add": "member",
        "comments.edit": "member",
        "comments.withdraw": "member",
        "inbox.dismiss": "viewer",
        "inbox.process": "member",
        "events.process": "member",
        "workers.stop": "member",
        "workers.declare_dead": "member",
        # To say how work is done.
        "projects.new": "lead",
        "projects.settings": "lead",
        "projects.archive": "lead",
        "projects.unarchive": "lead",
        "projects.delete": "lead",
        "members.index": "lead",
        "members.limit": "lead",
        "members.open_to_all": "lead",
        "members.remove": "lead",
        "plan_templates.new": "lead",
        "plan_templates.edit": "lead",
        "plan_templates.delete": "lead",
        "worker_types.add_set": "lead",
        "worker_types.new": "lead",
        "worker_types.edit": "lead",
        "worker_types.delete": "lead",
        # To say who may come in.
        "people.index": "admin",
        "people.invite": "admin",
        "people.revoke_invitation": "admin",
        "people.show": "admin",
        "people.change_role": "admin",
        "people.disable": "admin",
        "people.enable": "admin",
        "people.sign_out": "admin",
        "people.reset_link": "admin",
        "api_tokens.index": "admin",
        "api_tokens.new": "admin",
        "api_tokens.revoke": "admin",
        "audit.index": "admin",
    }
)
"""The least role that each page needs."""


def is_let_in(role: str, needed: str) -> bool:
    """Whether people of a role may come where another role is needed."""
    return needed == ANYONE or may(role, needed)
