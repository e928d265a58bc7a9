"""Search terms."""

from retrieval.tokens import query_terms, terms, words


def test_english_is_stemmed_and_numbers_are_kept():
    assert terms("Wireless Headphones, 15.6-inch; don't") == ["wireless", "headphon", "15.6", "inch", "don't"]


def test_chinese_gives_characters_and_pairs():
    assert terms("降噪耳机") == ["降", "噪", "耳", "机", "降噪", "噪耳", "耳机"]
    assert list(query_terms("我想要降噪耳机")) == ["要降", "降噪", "噪耳", "耳机"]


def test_full_width_and_mixed_scripts():
    assert words("ＵＳＢ充电器 2米") == ["usb", "充电器", "2", "米"]


def test_stop_words_ask_nothing():
    assert query_terms("could you please recommend me something") == {}
    assert query_terms("Quiet laptops") == {"quiet": "quiet", "laptop": "laptops"}


def test_control_characters_and_nothing():
    assert terms("\x00\x07 <b>bold</b>") == ["b", "bold", "b"]
    assert terms("") == []
