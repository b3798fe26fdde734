"""Troubleshooting flows: a graph of checks, fixes and ends that leads a reader to an end by every
way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..records import Check, Edge, Flow, Node

__all__ = ["KINDS", "check_flow", "faults_of_flow", "flow_as_steps"]

KINDS = ("check", "fix", "end")
"""What a node can be: something to look at, something to do, or where the flow is over."""


def faults_of_flow(flow: Flow) -> list[str]:
    """What is wrong with a flow, in words for who drew it; nothing for a good one.

    A good flow begins at its first node, which is a check. Each node can be reached from it, and
    every way ends: no way leads back to where it has been, and only nodes of the kind "end" lead
    nowhere. A check leads on in at least two ways, and the ways that lead away from one node have
    different conditions. There is at least one fix.
    """
    faults = list(_faults_of_nodes(flow.nodes))
    faults += _faults_of_edges(flow)
    if faults:
        return faults  # the shape of a graph with loose ends says nothing
    return [*_faults_of_conditions(flow), *_faults_of_shape(flow)]


def check_flow(flow: Flow) -> tuple[Check, ...]:
    """What the checks say of a flow: connected, ending, and with distinct conditions."""
    loose = [*_faults_of_nodes(flow.nodes), *_faults_of_edges(flow)]
    conditions = [] if loose else list(_faults_of_conditions(flow))
    ahead = _ahead(flow)
    unreached = [] if loose else _unreached(flow, ahead)
    cycle = [] if loose else _cycle(flow, ahead)
    unknown = None if loose else True
    size = f"{len(flow.nodes)} nodes, {len(flow.edges)} edges"
    return (
        Check("flow_is_a_graph", not loose, loose[0] if loose else size),
        Check("flow_connected", unknown and not unreached, ", ".join(unreached)),
        Check("flow_ends", unknown and not cycle, " → ".join(cycle)),
        Check("flow_conditions", unknown and not conditions, "; ".join(conditions)),
    )


def flow_as_steps(flow: Flow) -> str:
    """The flow as numbered steps that name the step to go on with."""
    number = {node.id: place for place, node in enumerate(flow.nodes, 1)}
    ahead = _ahead(flow)
    lines = []
    for node in flow.nodes:
        lines.append(f"{number[node.id]}. {node.kind.capitalize()}: {node.text}")
        for edge in ahead.get(node.id, ()):
            condition = f"{edge.condition}: " if edge.condition else ""
            lines.append(f"   - {condition}go to {number[edge.target]}")
    return "\n".join(lines)


def _faults_of_nodes(nodes: Sequence[Node]) -> Iterator[str]:
    if not nodes:
        yield "the flow has no nodes"
        return
    kinds = Counter(node.kind for node in nodes)
    for kind in kinds:
        if kind not in KINDS:
            yield f"there is no kind of node {kind!r}; a node is a check, a fix or an end"
    for id_, count in Counter(node.id for node in nodes).items():
        if not id_:
            yield "a node has no id"
        elif count > 1:
            yield f"{count} nodes have the id {id_!r}"
    yield from _faults_of_texts(nodes)
    if nodes[0].kind != "check":
        yield f"the first node {nodes[0].id!r} has to be a check: it is where the reader begins"
    for kind in ("fix", "end"):
        if not kinds[kind]:
            yield f"the flow has no node of the kind {kind!r}"


def _faults_of_texts(nodes: Sequence[Node]) -> Iterator[str]:
    texts = Counter(" ".join(node.text.split()).casefold() for node in nodes)
    for node in nodes:
        if not node.text.strip():
            yield f"the node {node.id!r} says nothing"
        elif node.kind != "end" and texts.pop(" ".join(node.text.split()).casefold(), 1) > 1:
            yield f"the text of {node.id!r} stands in another node as well; say each thing once"


def _faults_of_edges(flow: Flow) -> Iterator[str]:
    kinds = {node.id: node.kind for node in flow.nodes}
    for edge in flow.edges:
        for id_ in (edge.source, edge.target):
            if id_ not in kinds:
                yield f"an edge names the node {id_!r}, which there is not"
    for (source, target), count in Counter((e.source, e.target) for e in flow.edges).items():
        if count > 1:
            yield f"{count} edges lead from {source!r} to {target!r}; put their conditions into one"
    leaving = Counter(edge.source for edge in flow.edges)
    for id_, kind in kinds.items():
        if kind == "end" and leaving[id_]:
            yield f"the end {id_!r} leads on to another node"
        if kind != "end" and not leaving[id_]:
            yield f"the {kind} {id_!r} leads nowhere; lead on to another node or to an end"
        if kind == "check" and leaving[id_] == 1:
            yield f"the check {id_!r} has one way out; it needs one for each thing it can find"


def _faults_of_conditions(flow: Flow) -> Iterator[str]:
    for id_, edges in _ahead(flow).items():
        if len(edges) < 2:
            continue
        conditions = Counter(" ".join(e.condition.split()).casefold().rstrip(".") for e in edges)
        if conditions[""]:
            yield f"a way out of {id_!r} has no condition beside others that do"
        for condition, count in conditions.items():
            if condition and count > 1:
                yield f"{count} ways out of {id_!r} have the condition {condition!r}"


def _faults_of_shape(flow: Flow) -> Iterator[str]:
    ahead = _ahead(flow)
    for id_ in _unreached(flow, ahead):
        yield f"the node {id_!r} cannot be reached from the first node {flow.nodes[0].id!r}"
    if cycle := _cycle(flow, ahead):
        yield (
            f"the way {' → '.join(cycle)} leads back to where it has been, so that a reader may"
            " never get to an end; lead on to a further check, or to an end such as asking for help"
        )


def _ahead(flow: Flow) -> Mapping[str, list[Edge]]:
    ahead: dict[str, list[Edge]] = {}
    for edge in flow.edges:
        ahead.setdefault(edge.source, []).append(edge)
    return ahead


def _unreached(flow: Flow, ahead: Mapping[str, Sequence[Edge]]) -> list[str]:
    """The nodes to which no way leads from the first one."""
    reached = {flow.nodes[0].id}
    waiting = [flow.nodes[0].id]
    while waiting:
        for edge in ahead.get(waiting.pop(), ()):
            if edge.target not in reached:
                reached.add(edge.target)
                waiting.append(edge.target)
    return [node.id for node in flow.nodes if node.id not in reached]


def _cycle(flow: Flow, ahead: Mapping[str, Sequence[Edge]]) -> list[str]:
    """A way that leads back to its beginning, as ids with the first one again at the end; empty
    where there is none."""
    done: set[str] = set()
    for node in flow.nodes:
        if node.id in done:
            continue
        way = [node.id]
        branches = [iter(ahead.get(node.id, ()))]
        while way:
            edge = next(branches[-1], None)
            if edge is None:
                done.add(way.pop())
                branches.pop()
            elif edge.target in way:
                return [*way[way.index(edge.target) :], edge.target]
            elif edge.target not in done:
                way.append(edge.target)
                branches.append(iter(ahead.get(edge.target, ())))
    return []
