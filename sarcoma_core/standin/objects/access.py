"""Who may do what in a project: owners, members and collaborators, as in XNAT; an administrator may do all.

An owner may delete and manage users, a member may create and change, a collaborator may read. Everybody may
read a public project. What a user may not see is not found (404); what he sees and may not do is forbidden
(403).
"""

from typing import Literal

from sarcoma_core.standin.answers import NOT_FOUND, Refusal
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.item_data import ITEM_DATA, ItemData
from sarcoma_core.standin.users import User

Action = Literal["read", "edit", "delete", "own"]
GROUPS = ("Owners", "Members", "Collaborators")
_MAY: dict[str, tuple[Action, ...]] = {
    "Owners": ("read", "edit", "delete", "own"),
    "Members": ("read", "edit"),
    "Collaborators": ("read",),
}
_KIND = "member of "


def group_of(documents: Documents, user: User, project: str) -> str:
    """The group of a project that a user is in; empty when in none."""
    return members(documents, project).get(user.login, "")


def members(documents: Documents, project: str) -> dict[str, str]:
    """The group of each member of a project, by login."""
    return {login: str(kept["group"]) for login, kept in documents.all(_KIND + project).items()}


def set_member(documents: Documents, project: str, login: str, group: str) -> None:
    """Put a user into a group of a project; one user is in one group.

    Raises:
        Refusal: 400, there is no such group.
    """
    word = group.removeprefix(f"{project}_").capitalize().removesuffix("s") + "s"
    if word not in GROUPS:
        raise Refusal(400, f"Group must be one of {', '.join(GROUPS)}; found {group}.")
    documents.put(_KIND + project, login, {"group": word})


def remove_member(documents: Documents, project: str, login: str) -> None:
    """Take a user out of a project."""
    documents.delete(_KIND + project, login)


def forget_members(documents: Documents, project: str) -> None:
    """Drop the members of a project that is deleted."""
    for login in members(documents, project):
        remove_member(documents, project, login)


def may(documents: Documents, user: User, project: str, action: Action) -> bool:
    """Whether a user may do something in a project."""
    if user.is_admin:
        return True
    data = ItemData.from_document(documents.get(ITEM_DATA, f"project/{project}"))
    public: tuple[Action, ...] = ("read",) if data.fields.get("accessibility") == "public" else ()
    return action in (*_MAY.get(group_of(documents, user, project), ()), *public)


def require(documents: Documents, user: User, project: str, action: Action) -> None:
    """Stop a request that a user may not make.

    Raises:
        Refusal: 404, the user may not see the project; 403, may see it and not do this.
    """
    if may(documents, user, project, action):
        return
    if may(documents, user, project, "read"):
        raise Refusal(403, f"User {user.login} cannot {action} in project {project}.")
    raise Refusal(404, NOT_FOUND)
