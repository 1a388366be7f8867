"""Why a file is not decoded."""


class Refused(Exception):
    """Base of the three verdicts; `exit_code` is what the program ends with."""

    exit_code = 1
    verdict = "refused"


class Damaged(Refused):
    """The file breaks a rule of the format."""

    exit_code = 3
    verdict = "damaged"


class Unsupported(Refused):
    """The file may be of a later version of the format."""

    exit_code = 4
    verdict = "unsupported"


class NeedsModel(Refused):
    """The file is sound as far as it can be checked, but a language model made it."""

    exit_code = 5
    verdict = "needs its language model"


class WrongModel(NeedsModel):
    """A model that is named or at hand, but not one that the exact engine runs."""
