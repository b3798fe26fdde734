import pytest

from silversmith.checks.language_codes import LANGUAGE_NAMES, code_of, language_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The agreement ends with a notice period of thirty days.", "en"),
        ("Der Vertrag endet mit einer Frist von dreißig Tagen.", "de"),
        ("Le contrat prend fin après un préavis de trente jours.", "fr"),
        ("El contrato termina con un preaviso de treinta días.", "es"),
        ("Mkataba unamalizika kwa notisi ya siku thelathini.", "sw"),
        ("契約は三十日前の通知で終了します。", "ja"),
        ("Договор прекращается с уведомлением за тридцать дней.", "ru"),
        ("यह अनुबंध तीस दिन की सूचना के साथ समाप्त होता है।", "hi"),
        ("2026 – 42 !!", None),
        ("", None),
    ],
)
def test_the_language_of_a_text(text, code):
    assert language_code(text) == code


def test_codes_and_names():
    assert code_of("German") == code_of(" DE ") == "de"
    assert code_of("Klingon") is None


def test_all_languages_are_known_to_the_identifier():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = {code for code, _ in LanguageIdentifier.from_model_file(MODEL_FILE).rank("text")}
    assert set(LANGUAGE_NAMES) <= known
