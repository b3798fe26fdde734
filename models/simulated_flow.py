"""A troubleshooting flow as the simulated model draws it: a chain of checks, each with a fix."""

from __future__ import annotations

from .simulated_material import Material
from .simulated_prompt import Dice

__all__ = ["SimulatedFlow"]


class SimulatedFlow:
    """Nodes and edges, field by field.

    Args:
        broken: whether its last fix leads back to the first check, so that it never ends.

    Attributes:
        nodes, edges: for each the texts of its fields.
    """

    def __init__(self, dice: Dice, material: Material, *, broken: bool) -> None:
        self.nodes: list[dict[str, str]] = []
        self.edges: list[dict[str, str]] = []
        causes = 2 + dice.below(3)
        for cause in range(1, causes + 1):
            about = material.phrase()
            self._node(f"c{cause}", "check", f"Look whether {about} is as it should be.")
            self._node(f"f{cause}", "fix", f"Set {about} as the text says, and try again.")
            self._edge(f"c{cause}", f"f{cause}", f"{material.word()} is missing")
            other = f"c{cause + 1}" if cause < causes else "help"
            self._edge(f"c{cause}", other, "it is all there")
            back = broken and cause == causes
            self._edge(f"f{cause}", "c1" if back else "solved", "")
        self._node("solved", "end", "It works again.")
        self._node("help", "end", "Ask those who maintain it, with what was seen.")

    def text(self, kind: str, index: int, field: str) -> str:
        """A field of a node ("nodes") or edge ("edges")."""
        items = self.nodes if kind == "nodes" else self.edges
        return items[index % len(items)][field]

    def _node(self, id_: str, kind: str, text: str) -> None:
        self.nodes.append({"id": id_, "kind": kind, "text": text})

    def _edge(self, source: str, target: str, condition: str) -> None:
        self.edges.append({"source": source, "target": target, "condition": condition})
