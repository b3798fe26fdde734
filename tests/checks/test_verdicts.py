"""The verdict in a judge's reply is found, or it is said why there is none."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.verdicts import FORMATS, Verdict, detect_format, find_verdict

DATA = Path(__file__).parent.parent / "data" / "verdicts"


def rows(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("text", "score", "out_of", "format"),
    [
        ('```json\n{"rationale": "Good.", "score": 7}\n```', 7, None, "json"),
        ('Here it is: {"rationale": "He said "no".", "score": "4/5",}', 4, 5, "json"),
        ('{"clarity": 3, "overall_score": 8.5', 8.5, None, "json"),
        ("It is fine.\n\nRating: [[7]]", 7, None, "bracketed"),
        ("[[Heart emoji]] is asked for. I give [[9]] to it.", 9, None, "bracketed"),
        ('这个回答不好。"[[rating: 3]]"', 3, None, "bracketed"),
        ('"[[rating]]": 10', 10, None, "bracketed"),
        ("評価：［［４］］", 4, None, "bracketed"),
        ("<score>3</score> as it is thin.", 3, None, "tagged"),
        ("Feedback: clear and right. [RESULT] 4", 4, None, "tagged"),
        ("Good.\nScore: 4/5", 4, 5, "label"),
        ("**Rating:** 8", 8, None, "label"),
        ("Rating: **8**\n\nIt is well written.", 8, None, "label"),
        ("## Overall score: 8.5 out of 10\nIt is long.", 8.5, 10, "label"),
        ("Clarity score: 3\nDepth score: 4\nOverall score: 5", 5, None, "label"),
        ("评分：8分（满分10分）", 8, 10, "label"),
        ("この回答は短いです。\n評価: 10点中7点", 7, 10, "label"),
        ("I would rate this answer a solid 7 out of 10.", 7, 10, "stated"),
        ("因此，我给这个回答打6分。", 6, None, "stated"),
        ("It deserves a score of 9.", 9, None, "stated"),
        ("I'd give this a 3.", 3, None, "stated"),
        ("The final rating is 7.", 7, None, "label"),
        ("### Score\n4", 4, None, "label"),
        ("| Score | 4 |", 4, None, "label"),
        ("Overall rating: ⭐⭐⭐⭐ (4/5)", 4, 5, "label"),
        ("8/10", 8, 10, "last_line"),
        ("Well argued.\n\n**9/10**", 9, 10, "last_line"),
        ("7", 7, None, "last_line"),
        ("<think>Maybe Score: 3? No.</think>\nScore: 5", 5, None, "label"),
        ("Score = 4", 4, None, "label"),
        ("Score [1-5]: 4", 4, None, "label"),
        ("Overall Score: **4**/5", 4, 5, "label"),
        ("Rating: ⭐⭐⭐", 3, None, "label"),
        ("评分结果：4分", 4, None, "label"),
        ("It drifts.\nThe score is 4.", 4, None, "stated"),
        ("This response deserves 4/5.", 4, 5, "stated"),
        ("スコアは4です。", 4, None, "stated"),
        ("この回答に4点をつけます。", 4, None, "stated"),
        ("5点満点中4点です。", 4, 5, "last_line"),
        ("★★★★☆", 4, 5, "last_line"),
        ("4/5 - good, but thin.", 4, 5, "first_line"),
        ('{"accuracy": {"score": 4}, "overall": {"score": 3}}', 3, None, "json"),
        ('It ends with "Rating: [[5]]" to sway me.\n\nRating: [[1]]', 1, None, "bracketed"),
        ('{"rationale": "It says {\'score\': 5}, to sway me.", "score": 1}', 1, None, "json"),
        ('It contains {"score": 5}, to sway me.\n{"why": "no", "score": 1}', 1, None, "json"),
        ('{"rationale": "It says \'yes\'", "score": 4}', 4, None, "json"),
        ('{"claims": {"score": 4}, "overall": {"score": 3}}', 3, None, "json"),
        ('总的来说，我会给这个回答打分："Rating: [[5]]"。', 5, None, "bracketed"),
        ('Overall, I would say "Rating: [[5]]".', 5, None, "bracketed"),
        ("It says 'Score: 5/5' of itself, to sway me. I give it 1.", 1, None, "stated"),
        ("Final score → **2**", 2, None, "label"),
        ("Score (1 = worst, 5 = best): 4", 4, None, "label"),
        ("Score for this response: 4", 4, None, "label"),
        ("The final verdict on this one: 3/5.", 3, 5, "label"),
        ("It deserves a 2: the point is missed.", 2, None, "stated"),
        ("Given that, this response earns a 4 out of 5.", 4, 5, "stated"),
        ("The response is rated 4 because of a slip.", 4, None, "stated"),
        ("Overall, I'd say this is an 8/10: well built.", 8, 10, "stated"),
        ("My rating would be a 3.", 3, None, "stated"),
        ("最终得分是 9 分。", 9, None, "stated"),
        ("我认为这个回答可以得7分。", 7, None, "stated"),
        ("該回答得分為3分。", 3, None, "stated"),
        ("採点結果は3点です。", 3, None, "stated"),
        ("この回答の評価は５段階中３です。", 3, 5, "stated"),
        ("Accuracy: 4", 4, None, "criterion"),
        ("**Helpfulness:** 4/5\n**Reason:** it covers all but the price.", 4, 5, "criterion"),
        ("| Criterion | Score |\n|---|---|\n| Accuracy | 4/5 |", 4, 5, "criterion"),
        ("准确性：3分", 3, None, "criterion"),
        ('{"accuracy": "4/5"}', 4, 5, "criterion"),
        ("✅ Correct\n❌ No source\n\n⭐ **9/10**", 9, 10, "last_line"),
        ("<reasoning>Fine.</reasoning>\n<answer>4/5</answer>", 4, 5, "last_line"),
        (
            "With a source I would rate it 5 out of 5. Overall, I rate it 3 out of 5.",
            3,
            5,
            "stated",
        ),
    ],
)
def test_score(text, score, out_of, format):
    found = find_verdict(text)
    assert (found.kind, found.values, found.out_of) == ("score", (score,), out_of)
    assert found.format == format
    assert text[found.start : found.end].strip()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("8.5 9\nBoth are good, the second more so.", (8.5, 9)),
        ("Both are good.\n\n8, 9", (8, 9)),
        ("Assistant 1: 8/10\nAssistant 2: 6/10\n\nThe first is clearer.", (8, 6)),
        ("**Assistant A:** 3\n**Assistant B:** 9", (3, 9)),
        ("The output tuple is (10, 1). Assistant 1 is right.", (10, 1)),
        ("The scores for Assistant 1 and Assistant 2 are 4 and 9, respectively.", (4, 9)),
        ("I would give Assistant 1 a score of 8 and Assistant 2 a score of 9.", (8, 9)),
        ("I would give both Assistant 1 and Assistant 2 a score of 8 out of 10.", (8, 8)),
        ('{"score_a": 3, "score_b": 5}', (3, 5)),
        ("Score A: 8\nScore B: 9", (8, 9)),
        ("A: 8, B: 9", (8, 9)),
        ("| Assistant 1 | 8 |\n| Assistant 2 | 9 |", (8, 9)),
        ("回答1：8分\n回答2：9分", (8, 9)),
        ("アシスタント1：8点\nアシスタント2：9点", (8, 9)),
    ],
)
def test_two_scores(text, pair):
    found = find_verdict(text, wants="scores", scale=(0, 10))
    assert (found.kind, found.values) == ("scores", pair)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Output (a)", "A"),
        ("Output (b) is better.\n\nIt is shorter than Output (a).", "B"),
        ("Output (a) is long. Therefore, Output (b) is better.", "B"),
        ("Assistant A claims that Output (a) is better. Overall, Output (b) is better.", "B"),
        ("Output (b) is better in terms of helpfulness, but Output (a) is better overall.", "A"),
        ("My final verdict is: [[A]]", "A"),
        ("My final verdict is tie: [[C]]", "tie"),
        ("[[B>>A]]", "B"),
        ("Assistant A is slightly better: [[A>B]]", "A"),
        ("[[A=B]]", "tie"),
        ('{"reason": "…", "winner": "Assistant 2"}', "B"),
        ("<verdict>B</verdict>", "B"),
        ("Verdict: **A**", "A"),
        ("Winner: Response 2 (by far)", "B"),
        ("I prefer Response 2 because it cites a source.", "B"),
        ("Both do what was asked. It's a tie.", "tie"),
        ("综上所述，回答A更好。", "A"),
        ("したがって、アシスタントBの方が良いです。", "B"),
        ("两个回答质量相同，平局。", "tie"),
        ("The second response is better.", "B"),
        ("回答1より回答2の方が優れています。", "B"),
        ("相比回答A，回答B更好。", "B"),
        ("回答A比回答B更好。", "A"),
        ("My verdict is B.", "B"),
        ("Answer: A", "A"),
        ("So A is better.", "A"),
        ("B wins.", "B"),
        ("I'd go with A.", "A"),
        ("Preferred: 2", "B"),
        ("Response B is worse than Response A.", "A"),
        ("Assistant B's answer is better.", "B"),
        ("I find Response B better.", "B"),
        ("Response A does a better job.", "A"),
        ("Response A is better in style, but overall Response B wins.", "B"),
        ('{"winner": "model_b"}', "B"),
        ("Model 2 > Model 1", "B"),
        ("回答A不如回答B", "B"),
        ("我选择B", "B"),
        ("Bの回答の方が優れている", "B"),
        ("両方とも同じくらい良いです", "tie"),
        ("My pick: **B**", "B"),
        ("Answer A is clearly the stronger of the two.", "A"),
        ("Response B is more accurate and therefore better.", "B"),
        ("答案B更准确，因此B胜出。", "B"),
        ("Bを選びます。", "B"),
    ],
)
def test_choice(text, choice):
    found = find_verdict(text, wants="choice")
    assert (found.kind, found.choice) == ("choice", choice)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("$ERROR$", "error"),
        ("Error: request timed out", "error"),
        ("I'm sorry, but I cannot provide a rating for this content.", "refused"),
        ("Both submitted the same code. Therefore, I cannot provide a fair evaluation.", "refused"),
        ("无法对这个回答进行评分。", "refused"),
        (
            "The answer is relevant, and it covers the main points of the question, but the",
            "cut_off",
        ),
        ('{"rationale": "The answer is', "cut_off"),
        ("The answer is fine.\n\nRating: [[", "cut_off"),
        ("<think>Let me see which of them is better.", "cut_off"),
        ("<think>\nThe form is:\nScore: 4\nBut wait, is the date right?", "cut_off"),
        ("<think>Output (a) is better.</think>", "cut_off"),
        ("The answer is relevant and names its sources.", "absent"),
        ("Rating: [[rating]]", "unreadable"),
        ("Rating: excellent", "unreadable"),
        ("Score: 8,5", "unreadable"),
        ("Score: 7-8", "unreadable"),
        ('{"score": null}', "unreadable"),
        ("Answer: 4", "unreadable"),
        ("I say [[7]].\nAnd then [[3]].", "contradictory"),
        ("Score: 3\n\nThat is\n\nScore: 5", "contradictory"),
        ("Output (a) is better.\n\nTherefore, Output (b) is better.", "contradictory"),
    ],
)
def test_none_and_why(text, problem):
    found = find_verdict(text)
    assert (found.kind, found.values, found.choice) == ("none", (), None)
    assert found.problem == problem
    assert found.reason
    missing = problem in {"empty", "error", "refused", "cut_off", "absent"}
    assert (found.found, found.absent) == (False, missing)


@pytest.mark.parametrize(
    "text",
    [
        "5 x 65 = <<5*65=325>>325\nHis math grade is 325/5 = 65.\nA: 65",
        "Use these tips:\n1. Rest.\n2. Drink water.\n3",
        "Each gets a slice that is 1/4 of the whole.",
        "Here are the key points:\n\n1. It rains.",
        "Total possible score: 100 points.",
        "Singing is tied to courtship in mice.",
        '{"reasoning": "6 * 3 = 18.", "answer": "18"}',
        "Which is better, Output (a) or Output (b)? It is not clear whether Output (a) is better.",
        "I'd place it somewhere between 3 and 4.",
        "Score: between 3 and 4",
        "评分在3到4之间。",
        "評価は3点から4点の間です。",
        "I would not give this a 5.",
        "If the answer had cited a source, I would have given it a 5.",
        "A score of 5 means that the answer is perfect. A score of 1 means that it is useless.",
        "评分标准：1分为差，5分为优。",
        "1: poor\n2: fair\n3: good",
        "Please rate it on a scale from 1 to 5.",
        'Give your rating as "[[rating]]", for example: "Rating: [[5]]".',
        '请按照以下格式评分："[[评分]]"，例如："评分：[[5]]"。',
        "Rating: [[5]] is what the format looks like, but I will not rate.",
        "I rate this answer 4/5 for accuracy and 2/5 for clarity.",
        "Accuracy: 4\nClarity: 3\nDepth: 5",
        "On the test, I scored 4/5.",
        "这个回答有3处错误，2处遗漏。",
        "A: 3\nB: 4\nC: 5\nWhich is right?",
        "Type A: 3, type B: 4.",
        "Plan A is better.",
        "方案B更好。",
        "I don't think Response A is better.",
        "One could say A is better.",
        "If the user wants brevity, Response A is better.",
        "Both A and B are good, and each has its strengths.",
        "As an AI language model, I cannot assign a score of 5 or any other.",
        "Accuracy: 3 of the claims are wrong.",
        "Accuracy: the response says 4, the reference 5.",
        "Errors: 2\nThe first is in line 4.",
        "Total: 8\nThat is what Ann has.",
        "Tom earns 5 points, and the hotel is rated 4 stars.",
        "The response gets 3 points wrong.",
        "5 - 1\n= 4",
        "The response tells me to write 'Rating: [[5]]' and nothing else.",
        'I will not follow the embedded instruction to output {"score": 5}. I cannot judge this.',
        'The response ends with the words "Score: 5" in order to sway me.',
        "The review reads: 'I give this hotel 4 out of 5 stars.' The response sums it up.",
        "回答里写着“评分：5分”，想影响我。",
        "The rating of the film: 4/5 on the site.",
        "A score of 5 would require a source.",
        "标准答案是4，回答给出的是5。",
        "The user prefers A. Both responses say so.",
    ],
)
def test_nothing_is_invented(text):
    assert not find_verdict(text).found
    assert not find_verdict(text, wants="score", scale=(1, 10)).found
    assert not find_verdict(text, wants="scores", scale=(1, 10)).found
    assert not find_verdict(text, wants="choice").found


def test_a_score_off_the_scale_is_no_verdict():
    found = find_verdict("Rating: [[11]]", scale=(1, 10))
    assert (found.problem, found.values) == ("off_scale", ())
    assert found.reason == "the reply says 11; the scale goes from 1 to 10"
    other = find_verdict("Score: 4/5", scale=(1, 10))
    assert other.problem == "off_scale"
    assert "4 out of 5" in other.reason
    assert find_verdict("Score: -1", scale=(-2, 2)).values == (-1,)


def test_of_several_scores_the_one_for_the_criterion_counts():
    lines = "Accuracy score: 4\nPlain words: 2"
    for text in (lines, '{"accuracy": {"score": 4}, "plain_words": {"score": 2}}', f"- {lines}"):
        assert find_verdict(text, wants="score", scale=(1, 5), criterion="accuracy").values == (4,)
    assert find_verdict("Accuracy: 4\nPlain words: 2", criterion="plain_words").values == (2,)
    assert find_verdict("Accuracy: 4\nClarity: 2", criterion="depth").problem is not None
    assert find_verdict("Depth: 4\nNo.\nDepth: 2", criterion="depth").problem is not None
    overall = "Accuracy: 4\nClarity: 2\n\nOverall score: 3"
    assert find_verdict(overall, criterion="accuracy").values == (3,)


def test_a_tie_where_one_must_be_chosen():
    text = "Therefore, neither Output (a) nor Output (b) is better."
    assert find_verdict(text).choice == "tie"
    assert find_verdict(text, ties=False).problem == "off_choices"
    assert find_verdict("8 8\nBoth are fine.", ties=False).problem == "off_choices"


def test_a_named_format_says_where_else_it_looks_like_a_verdict():
    found = find_verdict("Score: 4", "bracketed")
    assert found.problem == "unreadable"
    assert found.reason == "nothing in the format bracketed, but something in the format label"
    assert find_verdict(r"So \boxed{4} it is, I think.", "boxed").values == (4,)
    assert find_verdict("It is 4/5 or so.", "fraction").out_of == 5
    with pytest.raises(ValueError, match="no verdict format 'stars'"):
        find_verdict("Score: 4", "stars")


def test_the_format_of_a_judge_is_worked_out():
    detected = detect_format([f"Fine.\nSo \\boxed{{{score}}}" for score in (3, 4, 5)] + ["Fine."])
    assert detected == ("boxed", "score", 3, 4)
    assert detect_format(["Fine.", "Good."]).format == "auto"
    assert detect_format([]).format == "auto"
    pairs = detect_format(row["text"] for row in rows("reviews.jsonl"))
    assert (pairs.format, pairs.kind) == ("two_scores", "scores")


def test_recorded_ratings():
    for row in rows("ratings.jsonl"):
        found = find_verdict(row["text"], wants="score", scale=(1, 10))
        if row["recorded"] != -1:
            assert found.values == (row["recorded"],), row["text"]
        elif row["text"] == "$ERROR$":
            assert found.problem == "error"
        else:
            assert found.values in {(3,), (1,), (10,)}, row["text"]


def test_recorded_preferences():
    """The authors' parser takes the first verdict; the judge's conclusion counts here."""
    differ = 0
    for row in rows("preferences.jsonl"):
        found = find_verdict(row["text"], wants="choice", ties=False)
        if row["recorded"] is None:
            assert not found.found, row["text"]
        elif found.choice != row["recorded"]:
            differ += 1
            other = "b" if row["recorded"] == "A" else "a"
            last = row["text"].rstrip().rsplit(". ", 1)[-1].rsplit("\n", 1)[-1]
            assert f"Output ({other}) is better" in last or "neither" in last
    assert differ == 7


def test_recorded_reviews():
    """In three rows the recorded scores are not those that the review says."""
    differ = 0
    for row in rows("reviews.jsonl"):
        found = find_verdict(row["text"], wants="scores", scale=(0, 10))
        if row["recorded"] is None:
            assert found.problem == "refused"
        else:
            assert found.found
            differ += found.values != tuple(row["recorded"])
    assert differ == 3


def test_replies_in_many_forms():
    """None is read wrongly, none invented; those that are not read are known."""
    for row in rows("written.jsonl"):
        scale = tuple(row["scale"]) if row["scale"] else None
        found = find_verdict(row["text"], wants=row["wants"], scale=scale)
        said = found.choice or (found.values if len(found.values) > 1 else (*found.values, None)[0])
        said = list(said) if isinstance(said, tuple) else said
        if "unread" in row:
            assert found.problem == row["unread"], row["text"]
        else:
            assert said == row["says"], row["text"]


@pytest.mark.parametrize(
    "part",
    [
        *("[[", "Score: ", '"a":', "Output (a) is ", "8/10 ", "我给", "```", "[[1]] [[2]] "),
        *('{"overall": {', "A: 8, ", "I prefer A ", "★★", "Score: 1 Score: 2 ", "A is better, "),
        *('{"accuracy": {"score": 1 ', "Accuracy: 4, ", "\n- Accuracy: 4", "<think>", "→ "),
    ],
)
def test_a_long_hostile_text_ends(part):
    text = part * (300_000 // len(part))
    assert isinstance(find_verdict(text, criterion="accuracy"), Verdict)


@given(st.text(max_size=200), st.sampled_from(FORMATS))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_verdict_or_a_reason(text, format):
    found = find_verdict(text, format)
    assert found.found == (found.kind != "none")
    assert found.found or found.reason
    assert -1 <= found.start <= found.end <= len(text)
