"""Who may write, when there are several who could (leader.h)."""
from __future__ import annotations

from ovnk8s._calls import Handle, encoded
from ovnk8s._ovnk8s import lib

__all__ = ["LeaderWishes"]


class LeaderWishes(Handle):
    """What a plan can want of leaders."""

    def take_lead(self, identity: str, term: int) -> None:
        """Adds that `identity` leads for this term: what the database says of an earlier term is overwritten.

        identity: 1 to 255 characters.
        term: more than 0, and more than that of any leader before.

        Raises Invalid, NoMemory; when the plan is computed or applied Permission (another one leads for this or a later
        term).

        >>> plan = Plan()
        >>> plan.take_lead("controller-1", 7)
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_leader_take, encoded(identity), term)

    def require_lead(self, identity: str, term: int) -> None:
        """Adds that the plan is committed only if `identity` leads at that moment, for this term.

        Raises Invalid, NoMemory; when the plan is computed or applied Permission (the database says something else).

        >>> plan = Plan()
        >>> plan.require_lead("controller-1", 6)
        >>> plan.delete_node("n1")
        >>> plan.apply(nb)
        Traceback (most recent call last):
        ovnk8s.errors.Permission: ...
        """
        self._call(lib.ovnk8s_leader_require, encoded(identity), term)
