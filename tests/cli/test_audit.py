"""`silversmith judge --audit`: the biases of judges, from calls whose number is shown first."""

import json
from pathlib import Path

import pytest


def write(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def answers(number, **more):
    return [
        {
            "id": f"q{n}",
            "instruction": f"Why is {n} even?",
            "output": f"It is divisible by two. So {n} is.",
            "writer": "openai/gpt-5" if n % 2 else "Qwen/Qwen3-8B",
            **more,
        }
        for n in range(number)
    ]


def rubric(model, replies):
    return f"{{replay: {replies}, model: {model}}}"


def score(id_, form, points, **more):
    reply = {"accuracy": {"rationale": "So it is.", "score": points}}
    return {"sample": f"{id_}~{form}", "reply": reply, **more}


@pytest.fixture
def biased(call):
    """A judge that likes length, dislikes Markdown, and favours gpt; another without a taste."""
    write("data.jsonl", answers(40))
    likes, fair = [], []
    for n in range(40):
        points = 2 + n % 2 + n % 3 // 2
        likes += [
            score(f"q{n}", "as-it-is", points),
            score(f"q{n}", "padded", points + 1),
            score(f"q{n}", "markdown", points - 1),
        ]
        plain = 3 + n % 3 // 2
        fair += [score(f"q{n}", form, plain) for form in ("as-it-is", "padded", "markdown")]
    write("likes.jsonl", likes)
    write("fair.jsonl", fair)
    Path("judges.yaml").write_text(
        f"models: {{critic: {rubric('gpt-4', 'likes.jsonl')},"
        f" other: {rubric('claude-opus', 'fair.jsonl')}}}\n"
        "judges:\n"
        "  - rubric: {name: liking, criteria: [accuracy]}\n"
        "  - rubric: {name: fair, model: other, criteria: [accuracy]}\n"
        "filters: [{score: {min: 0.9}}]\n"
    )
    return "data.jsonl"


def test_biases_of_a_judge_are_found_and_an_even_one_has_none(call, biased):
    words = ("--judges", "judges.yaml", "--audit", "--written-by", "writer", "--yes", "--json")

    status, out, err = call("judge", biased, *words)

    assert status == 0, err
    assert "40 answers, each as it is" in err
    assert "To be asked for: 240" in err
    found = json.loads(out)
    assert (found["answers"], found["rows"], found["failed"]) == (40, 40, 0)
    assert json.loads(Path("runs/data-audit/audit.json").read_text()) == found
    liking, fair = found["judges"]
    assert liking["verbosity"]["mean"] == [0.25, 0.25, 0.25, 40]
    assert liking["format"]["mean"][0] == -0.25
    assert liking["position"] is None
    excess = liking["self_preference"]["excess"]
    assert excess[0] == pytest.approx(0.25, abs=0.02)
    assert excess[1] > 0.2
    assert fair["verbosity"]["raised"][0] == 0
    assert fair["self_preference"] is None
    assert "of the judge's family 'claude'" in fair["without_self"]


def test_the_report_says_it_in_words(call, biased):
    words = ("--judges", "judges.yaml", "--audit", "--written-by", "writer", "--answers", 30)

    status, out, err = call("judge", biased, *words, "--max-calls", 1000)

    assert status == 0, err
    assert "30 answers were asked about (of 40 rows)" in out
    assert "liking.accuracy by gpt-4 (30 answers)" in out
    assert "favours length: the same words twice +0.250" in out
    assert "favours plain text: the same words with Markdown -0.250" in out
    assert "favours its own family: +0.2" in out
    assert "does not apply: this judge sees one answer at a time" in out
    assert "no liking for length shown" in out


def test_nothing_is_asked_before_somebody_agrees(call, biased):
    status, out, err = call("judge", biased, "--judges", "judges.yaml", "--audit")

    assert status == 1
    assert "To be asked for: 240" in out
    assert err == (
        "silversmith: no call was made: add --yes to make these, or a limit (--max-calls,"
        " --max-tokens, --max-cost)\n"
    )
    assert not Path("runs/data-audit/journal.db").exists()


def test_a_limit_stops_it_and_the_same_command_goes_on(call, biased):
    words = ("judge", biased, "--judges", "judges.yaml", "--audit", "--quiet")

    status, _, err = call(*words, "--max-calls", 100)
    assert status == 3
    assert "max_calls" in err or "max-calls" in err

    status, out, err = call(*words, "--max-calls", 1000)
    assert status == 0, err
    assert "liking.accuracy by gpt-4 (40 answers)" in out
    manifest = json.loads(Path("runs/data-audit/manifest.json").read_text())
    assert sum(one["calls"] for one in manifest["usage"]) == 240


def test_a_judge_that_favours_the_first_place_is_found(call):
    rows = [
        {"id": f"p{n}", "prompt": f"Say {n}.", "chosen": f"It is {n}.", "rejected": f"No {n}."}
        for n in range(30)
    ]
    write("pairs.jsonl", rows)
    replies = []
    for n in range(30):
        for form in ("as-it-is", "padded", "markdown"):
            for turn in (0, 1):
                # In ten pairs the verdict is the same in both orders.
                verdict = "B" if n < 10 and turn else "A"
                reply = {"rationale": "So it is.", "verdict": verdict}
                replies.append({"sample": f"p{n}~{form}", "turn": turn, "reply": reply})
    write("replies.jsonl", replies)
    Path("judges.yaml").write_text(
        "models: {critic: {replay: replies.jsonl, model: gpt-4}}\njudges: [pairwise]\n"
    )

    status, out, err = call(
        "judge", "pairs.jsonl", "--judges", "judges.yaml", "--audit", "--yes", "--json"
    )

    assert status == 0, err
    (found,) = json.loads(out)["judges"]
    assert found["criterion"] == "preferred"
    assert found["position"]["reversed"][0] == pytest.approx(20 / 30)
    assert found["position"]["first"][0] == pytest.approx(50 / 60)
    assert found["position"]["first"][1] > 0.5
    assert found["verbosity"]["mean"][0] == 0
    assert found["lengths"]["longer"] is not None
    status, out, err = call("judge", "pairs.jsonl", "--judges", "judges.yaml", "--audit", "--yes")
    assert "favours the first place: the first place wins 83%" in out
    assert "the other order reverses 67%" in out


def test_a_judge_that_always_says_the_same_is_said_loudly(call):
    write("data.jsonl", answers(12))
    replies = [
        score(f"q{n}", form, 5) for n in range(12) for form in ("as-it-is", "padded", "markdown")
    ]
    write("likes.jsonl", replies)
    Path("judges.yaml").write_text(
        "models: {critic: {replay: likes.jsonl, model: gpt-4}}\njudges: [{rubric: [accuracy]}]\n"
    )

    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--audit", "--yes")

    assert status == 0, err
    assert "ALWAYS 5: this judge says the same of every answer, and tells nothing" in out
    assert "nobody says which model wrote the answers: name the column with --written-by" in out


def test_forms_without_a_verdict_are_counted_and_left_out(call):
    write("data.jsonl", answers(12))
    write(
        "likes.jsonl",
        [score(f"q{n}", form, 3 + n % 2) for n in range(12) for form in ("as-it-is", "padded")],
    )
    Path("judges.yaml").write_text(
        "models: {critic: {replay: likes.jsonl, model: gpt-4}}\njudges: [{rubric: [accuracy]}]\n"
    )

    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--audit", "--yes")

    assert status == 0, err
    assert "On 12 of their forms a judge gave no verdict; they are in failed/" in out
    assert "unknown: fewer than two answers have a score both ways" in out


@pytest.mark.parametrize(
    ("rows", "words", "sentence"),
    [
        ([{"a": 1}], [], "no row holds an answer to judge; the first: "),
        (answers(3), ["--written-by", "who"], "no row has a column 'who', which --written-by"),
    ],
)
def test_what_cannot_be_audited_is_said_in_one_sentence(call, rows, words, sentence):
    write("data.jsonl", rows)
    Path("judges.yaml").write_text("models: {critic: simulated}\njudges: [rubric]\n")

    status, out, err = call(
        "judge", "data.jsonl", "--judges", "judges.yaml", "--audit", "--yes", *words
    )

    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_ready_made_rubric_is_audited_like_a_file(call):
    write("data.jsonl", answers(6))
    words = ("judge", "data.jsonl", "--rubric", "helpfulness", "--model", "simulated", "--audit")

    status, out, err = call(*words, "--yes")

    assert status == 0, err
    assert "by simulated (6 answers)" in out
    assert "helpfulness." in out
