"""Troubleshooting flows: connected, ending, with conditions that differ."""

import pytest

from silversmith.checks.flows import check_flow, faults_of_flow, flow_as_steps
from silversmith.records import Check, Edge, Flow, Node

NODES = (
    "a check Is it on?|b fix Switch it on.|c check Is the lamp red?|d fix Wait."
    "|e end Solved.|f end Call."
)
EDGES = "a b no|a c yes|b e|c d red|c f dark|d e"


def flow(nodes=NODES, edges=EDGES):
    return Flow(
        tuple(Node(*node.split(" ", 2)) for node in nodes.split("|")),
        tuple(Edge(*edge.split(" ", 2)) for edge in edges.split("|") if edge),
    )


def test_a_good_flow():
    assert faults_of_flow(flow()) == []
    assert check_flow(flow()) == (
        Check("flow_is_a_graph", True, "6 nodes, 6 edges"),
        Check("flow_connected", True, ""),
        Check("flow_ends", True, ""),
        Check("flow_conditions", True, ""),
    )


@pytest.mark.parametrize(
    ("nodes", "edges", "fault"),
    [
        (NODES, "a b no|a c yes|b a|c d red|c f dark|d e", "the way a → b → a leads back"),
        (NODES, "a b no|a c yes|b c|c d red|c b dark|d e", "leads back to where it has been"),
        (NODES, "a b no|a e yes|b e|c d red|c f dark|d e", "'c' cannot be reached from"),
        (NODES, "a b no|a c no|b e|c d red|c f dark|d e", "2 ways out of 'a' have the condition"),
        (NODES, "a b no|a c|b e|c d red|c f dark|d e", "a way out of 'a' has no condition"),
        (NODES, "a b no|a c yes|b e|c d red|c f dark|d z", "the node 'z', which there is not"),
        (NODES, "a b no|a c yes|b e|c d red|c f dark", "the fix 'd' leads nowhere"),
        (NODES, "a b no|b e|c d red|c f dark|d e", "the check 'a' has one way out"),
        (NODES, f"{EDGES}|e f", "the end 'e' leads on"),
        (NODES, f"{EDGES}|a b maybe", "2 edges lead from 'a' to 'b'"),
        (f"{NODES}|a end Over.", EDGES, "2 nodes have the id 'a'"),
        (f"{NODES}|g fix switch  it on.", f"{EDGES}|a g other|g e", "stands in another node"),
        ("x fix Do it.|e end Solved.", "x e", "the first node 'x' has to be a check"),
        ("a check On?|e end Yes.|f end No.", "a e yes|a f no", "has no node of the kind 'fix'"),
        ("a check On?|b fix Do.", "a b yes|b a no", "has no node of the kind 'end'"),
        ("a look On?|b fix Do.|e end Yes.", "a b|b e", "no kind of node 'look'"),
    ],
)
def test_what_is_wrong_with_a_flow(nodes, edges, fault):
    faults = faults_of_flow(flow(nodes, edges))
    assert any(fault in one for one in faults), faults


def test_a_flow_without_nodes():
    assert faults_of_flow(Flow()) == ["the flow has no nodes"]


def test_a_node_without_words():
    blank = Flow((Node("a", "check", " "), *flow().nodes[1:]), flow().edges)
    assert "the node 'a' says nothing" in faults_of_flow(blank)


def test_the_checks_say_which_part_failed():
    circle = check_flow(flow(edges="a b no|a c yes|b a|c d red|c f dark|d e"))
    assert [check.passed for check in circle] == [True, True, False, True]
    assert circle[2].detail == "a → b → a"
    island = check_flow(flow(edges="a b no|a e yes|b e|c d red|c f dark|d e"))
    assert island[1] == Check("flow_connected", False, "c, d, f")
    loose = check_flow(flow(edges="a z no"))
    assert [check.passed for check in loose] == [False, None, None, None]


def test_a_long_flow_with_many_ways_is_walked_once():
    """2^40 ways through a ladder of 40 checks."""
    rungs = 40
    nodes = [Node("x0", "check", "Check 0?")]
    edges = []
    for i in range(rungs):
        nodes += [
            Node(f"l{i}", "fix", f"Left {i}."),
            Node(f"r{i}", "fix", f"Right {i}."),
            Node(f"x{i + 1}", "check" if i < rungs - 1 else "end", f"Check {i + 1}?"),
        ]
        edges += [Edge(f"x{i}", f"l{i}", "left"), Edge(f"x{i}", f"r{i}", "right")]
        edges += [Edge(f"{side}{i}", f"x{i + 1}") for side in "lr"]
    assert faults_of_flow(Flow(tuple(nodes), tuple(edges))) == []


def test_a_flow_as_steps():
    assert flow_as_steps(flow()).splitlines()[:5] == [
        "1. Check: Is it on?",
        "   - no: go to 2",
        "   - yes: go to 3",
        "2. Fix: Switch it on.",
        "   - go to 5",
    ]
