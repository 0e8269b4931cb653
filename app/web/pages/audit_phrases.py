"""What the audit keeps, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from markupsafe import Markup

from app.models import AuditEntry

METHODS = {
    "password": "with their password",
    "link": "by a link",
    "oidc": "by single sign-on",
    "header": "through the proxy in front",
}

FIELDS = {
    "short_description": "description",
    "performed_by": "who performs it",
    "lease_seconds": "lease",
    "max_attempts": "attempts",
}
"""Names of fields where the column's own name would be strange."""

NAMES: Mapping[str, str] = {
    "signed_in": "Signed in",
    "sign_in_refused": "Sign-in refused",
    "signed_out": "Signed out",
    "signed_out_everywhere": "Signed out everywhere",
    "password_changed": "Password changed",
    "identity_linked": "Account connected",
    "identity_unlinked": "Account disconnected",
    "user_invited": "Person invited",
    "invitation_revoked": "Invitation taken back",
    "reset_link_made": "Reset link made",
    "setup_link_made": "Setup link made",
    "user_created": "Person added",
    "user_role_changed": "Role changed",
    "user_disabled": "Person disabled",
    "user_enabled": "Person enabled",
    "token_created": "Token made",
    "token_revoked": "Token revoked",
    "project_created": "Project created",
    "sample_added": "Sample added",
    "project_edited": "Project edited",
    "project_archived": "Project archived",
    "project_unarchived": "Project taken back",
    "project_deleted": "Project deleted",
    "project_limited": "Project limited",
    "project_opened": "Project opened to all",
    "member_added": "Member added",
    "member_removed": "Member removed",
    "worker_type_created": "Worker type added",
    "worker_type_edited": "Worker type edited",
    "worker_type_deleted": "Worker type deleted",
    "plan_created": "Plan template added",
    "plan_edited": "Plan template edited",
    "plan_deleted": "Plan template deleted",
    "worker_asked_to_stop": "Worker asked to stop",
    "events_pruned": "Old events deleted",
}
"""What filters call each action."""

SENTENCES: Mapping[str, str] = {
    "signed_in": "{who} signed in {method}",
    "sign_in_refused": "Someone who couldn't say the password tried to sign in as {subject}",
    "signed_out": "{who} signed {subject} out at one place",
    "signed_out_everywhere": "{who} signed {subject} out at {places}",
    "password_changed": "{who} gave {subject} a new password",
    "identity_linked": "{who} connected an account at {issuer}",
    "identity_unlinked": "{who} disconnected the account at {issuer}",
    "user_invited": "{who} invited {subject} as {role}",
    "invitation_revoked": "{who} took back the invitation for {subject}",
    "reset_link_made": "{who} made a link with which {subject} chooses a new password",
    "setup_link_made": "{who} made a link with which the first admin joins",
    "user_created": "{who} added {subject} as {role}",
    "user_role_changed": "{who} made {subject} {after} instead of {before}",
    "user_disabled": "{who} disabled {subject}",
    "user_enabled": "{who} enabled {subject} again",
    "token_created": "{who} made the token {subject} ({scopes}) for {reach}",
    "token_revoked": "{who} revoked the token {subject}",
    "project_created": "{who} created {project}",
    "sample_added": "{who} added the sample project {project}; the people in it are made up",
    "project_edited": "{who} edited {project}: {changed}",
    "project_archived": "{who} archived {project}",
    "project_unarchived": "{who} took {project} back into work",
    "project_deleted": "{who} deleted {project} with all that belonged to it",
    "project_limited": "{who} limited {project} to its members",
    "project_opened": "{who} opened {project} to everyone",
    "member_added": "{who} made {subject} a member of {project}",
    "member_removed": "{who} took {subject} out of the members of {project}",
    "worker_type_created": "{who} added the worker type {subject} to {project}",
    "worker_type_edited": "{who} edited the worker type {subject} of {project}: {changed}",
    "worker_type_deleted": "{who} deleted the worker type {subject} of {project}",
    "plan_created": "{who} added the plan template {subject} to {project}",
    "plan_edited": "{who} changed the stages of the plan template {subject} of {project}",
    "plan_deleted": "{who} deleted the plan template {subject} of {project}",
    "worker_asked_to_stop": "{who} asked the worker {subject} of {project} to stop",
    "events_pruned": "{who} deleted {number} processed events {plain_subject}",
}

OWN: Mapping[str, str] = {
    "signed_out": "{who} signed out at one place",
    "signed_out_everywhere": "{who} was signed out at {places}",
    "password_changed": "{who} chose a new password",
    "user_created": "{who} joined as {role}",
}
"""What is said when people do it to themselves."""

NOBODY = "Someone tried to sign in under a name that nobody has here"
RENAMED: Mapping[str, str] = {
    "worker_type_edited": "{who} renamed the worker type {before} of {project} to {after}",
    "plan_edited": "{who} renamed the plan template {before} of {project} to {after}",
}
"""What is said instead when it got another name."""

UNKNOWN = "{who}: {action}"


def audit_sentence(entry: AuditEntry) -> Markup:
    """What happened, as one sentence."""
    details = entry.details or {}
    return Markup(_words(entry, details)).format(  # noqa: S704 - one of the sentences above
        who=Markup("<b>{}</b>").format(_who(entry)),
        action=entry.action,
        subject=Markup("<b>{}</b>").format(entry.subject or "someone"),
        plain_subject=entry.subject or "",
        project=_project(entry),
        reach=_project(entry) if entry.project_id else "all projects",
        method=METHODS.get(str(details.get("method")), ""),
        places=_places(details.get("places")),
        role=details.get("role") or "someone",
        issuer=details.get("issuer") or "a provider",
        before=details.get("before"),
        after=details.get("after"),
        scopes=", ".join(details.get("scopes") or ()),
        changed=_changed(details),
        number=f"{details.get('number') or 0:,}",
    )


def _words(entry: AuditEntry, details: dict[str, Any]) -> str:
    if entry.action == "sign_in_refused" and not entry.subject:
        return NOBODY
    if entry.action in RENAMED and "after" in details:
        return RENAMED[entry.action]
    if entry.subject == entry.actor and entry.action in OWN:
        return OWN[entry.action]
    return SENTENCES.get(entry.action, UNKNOWN)


def _who(entry: AuditEntry) -> str:
    return "Callboard" if entry.actor_kind == "system" else entry.actor


def _project(entry: AuditEntry) -> Markup:
    if not entry.project_id:
        return Markup("a project")
    if entry.action == "project_deleted":
        return Markup("<b>{}</b>").format(entry.project_id)
    return Markup('<a href="{}/projects/{}">{}</a>').format(
        request.script_root, entry.project_id, entry.project_id
    )


def _places(number: Any) -> str:
    return "one place" if number in (None, 1) else f"{number} places"


def _changed(details: dict[str, Any]) -> str:
    names = details.get("changed") or ["its prompt"]
    return ", ".join(FIELDS.get(name, name) for name in names)
