"""Languages are told, or it is said that they cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.languages import LANGUAGES, language_of

TEXTS = {
    "English": "The shop is open on Saturday, and you can drop off a wheel at any time.",
    "German": "Der Laden ist am Samstag offen, und Sie können ein Rad auch ohne Termin bringen.",
    "French": "Le magasin est ouvert le samedi et vous pouvez y laisser une roue sans rendez-vous.",
    "Spanish": "La tienda abre los sábados y usted puede dejar una rueda sin cita, por la mañana.",
    "Italian": "Il negozio è aperto il sabato e si può lasciare una ruota senza appuntamento.",
    "Portuguese": "A loja está aberta no sábado e você pode deixar uma roda sem hora marcada.",
    "Dutch": "De winkel is op zaterdag open en u kunt een wiel zonder afspraak naar ons brengen.",
    "Swedish": "Affären är öppen på lördagar och du kan lämna ett hjul utan att ha en tid hos oss.",
    "Polish": "Sklep jest otwarty w sobotę i można do nas przynieść koło, także bez umawiania się.",
    "Turkish": "Dükkan cumartesi günü açık ve bir tekerleği randevu olmadan da bize bırakmak için "
    "gelebilirsiniz.",
    "Japanese": "店は土曜日も開いています。予約なしで車輪をお持ちいただけます。",
    "Chinese": "商店星期六也营业，您可以不预约就把车轮送过来修理。",
    "Korean": "가게는 토요일에도 열려 있으며 예약 없이 바퀴를 맡기실 수 있습니다.",
    "Russian": "Магазин открыт в субботу, и вы можете привезти колесо без записи.",
    "Ukrainian": "Магазин відкритий у суботу, і ви можете привезти колесо без запису.",
    "Bulgarian": "Магазинът е отворен в събота и колелото може да се остави, но ще трябва ключ, че "
    "са много.",
    "Greek": "Το κατάστημα είναι ανοιχτό το Σάββατο και μπορείτε να φέρετε έναν τροχό.",
    "Hebrew": "החנות פתוחה בשבת ואפשר להביא גלגל בלי לקבוע תור.",
    "Arabic": "المتجر مفتوح يوم السبت ويمكنكم إحضار العجلة دون موعد.",
    "Persian": "فروشگاه شنبه‌ها باز است و می‌توانید چرخ را بدون نوبت بیاورید.",
    "Urdu": "دکان ہفتے کے دن کھلی ہے اور آپ پہیہ بغیر وقت لیے لا سکتے ہیں۔",
    "Hindi": "दुकान शनिवार को खुली है और आप बिना समय लिए पहिया ला सकते हैं।",
    "Thai": "ร้านเปิดวันเสาร์และคุณสามารถนำล้อมาได้โดยไม่ต้องนัด",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_enough(language):
    assert language in LANGUAGES
    assert language_of(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12:30",
        "Okay.",
        "Maren Holt, Tobias Feld, Ayla Demir, Corin Vance",
        "Det er en stor by og den er ikke langt fra havet.",  # Danish and Norwegian alike
        "HALYARD-4827 / KX-2291",
    ],
)
def test_what_cannot_be_told(text):
    assert language_of(text) is None


def test_code_and_addresses_say_nothing_about_the_language():
    text = f"{TEXTS['German']}\n```python\nfor the_thing in that: print(it)\n```\nhttps://a.example/the/of"
    assert language_of(text) == "German"


def test_a_foreign_word_does_not_change_the_language():
    assert language_of(TEXTS["English"] + " They call it Weltschmerz or saudade.") == "English"


@given(st.text())
def test_any_text_has_a_known_language_or_none(text):
    assert language_of(text) in {None, *LANGUAGES}
