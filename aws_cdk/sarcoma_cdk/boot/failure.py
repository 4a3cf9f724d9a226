"""The one error of a boot: a reason that a person can act upon."""


class BootError(Exception):
    """The site cannot be brought up; the message is what CloudFormation shows.

    It holds no secret and no patient's value: it names the argument, the rule, what was found and what to do.
    """
