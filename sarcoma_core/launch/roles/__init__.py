"""Series roles in the hands of a person: what has to be looked at, what was chosen, what a site learns."""

from sarcoma_core.archive.roles import CHOSEN_ROLES, Role

STEP = "series-roles"
"""The step that tells the roles, and takes the choices."""

CHOICES: dict[str, Role] = {role.lower(): role for role in CHOSEN_ROLES}
"""The role of each choice of the step; its flag on a command line is `--` and the name."""
