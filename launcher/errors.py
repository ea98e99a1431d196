"""Mistakes a user can make, and how they are told: what, where, expected, what next."""

from __future__ import annotations


class LauncherError(Exception):
    """A mistake in what the user gave us, never a defect of ours.

    Args:
        what: one sentence that says what is wrong, with the offending key and value.
        where: the file, config key or component in which it stands.
        expected: what would have been accepted.
        hint: what to do next.

    The command line prints ``str(error)`` and exits with status 1; it never shows a traceback.
    """

    def __init__(
        self, what: str, *, where: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        parts = [
            self.what,
            self.where and f"  where:    {self.where}",
            self.expected and f"  expected: {self.expected}",
            self.hint and f"  try:      {self.hint}",
        ]
        return "\n".join(part for part in parts if part)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling; workers send errors back.
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.hint))


def _rebuild(
    kind: type[LauncherError], what: str, where: str | None, expected: str | None, hint: str | None
) -> LauncherError:
    return kind(what, where=where, expected=expected, hint=hint)


class SpecificationError(LauncherError):
    """An architecture, problem, constraint, mapping or energy table that does not make sense."""


class EstimationError(LauncherError):
    """A component that no table can put a figure on."""


class EngineError(LauncherError):
    """An engine's program that is not installed, could not run, or whose output cannot be used."""


class NoValidMappingError(LauncherError):
    """The mapspace is empty: which level or constraint makes it so."""


class ConfigurationError(LauncherError):
    """A composed configuration that cannot be run."""
