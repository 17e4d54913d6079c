"""What Libra raises. Every error says in fields what it says in one line."""

from __future__ import annotations


class Error(Exception):
    """Base of all of Libra's errors.

    str(error) is one line: "where: problem: expected E, found F; next". The fields hold its parts, "" where there is
    none.
    """

    code: str
    """'bad_input', 'not_found', 'failed' or 'interrupted'."""
    where: str
    """File, field or object."""
    problem: str
    """What is wrong."""
    expected: str
    found: str
    next: str
    """What to do now."""

    def __init__(self, message, code="failed", where="", problem="", expected="", found="", next=""):
        super().__init__(message)
        self.code = code
        self.where = where
        self.problem = problem or message
        self.expected = expected
        self.found = found
        self.next = next

    def __reduce__(self):  # fields survive pickling, as between processes
        fields = (self.code, self.where, self.problem, self.expected, self.found, self.next)
        return type(self), (str(self), *fields)


class BadInputError(Error, ValueError):
    """A file, value or array that was given is wrong."""


class NotFoundError(Error, LookupError):
    """A file, suite, task or tensor that was named does not exist."""


class FailedError(Error, RuntimeError):
    """The work itself failed."""


class StoppedError(Error):
    """Stopped before the end; what was finished is kept."""


_CLASSES = {
    "bad_input": BadInputError,
    "not_found": NotFoundError,
    "failed": FailedError,
    "interrupted": StoppedError,
}


def make(code, message, where, problem, expected, found, next):
    """The error of a code; called by the extension modules."""
    return _CLASSES[code](message, code, where, problem, expected, found, next)


def bad_input(where, problem, expected="", found="", next=""):
    """A BadInputError with its line, for the parts of the package that are written in Python."""
    line = f"{where}: {problem}"
    line += f": expected {expected}" if expected else ""
    line += (", found " if expected else ": found ") + found if found else ""
    line += f"; {next}" if next else ""
    return BadInputError(line, "bad_input", where, problem, expected, found, next)
