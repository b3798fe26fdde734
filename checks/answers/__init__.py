"""Final answers: found in a solution, and compared as numbers, words or formulas."""

from .comparison import answers_agree, answers_agree_now, final_answer, same_answer

__all__ = ["answers_agree", "answers_agree_now", "final_answer", "same_answer"]
