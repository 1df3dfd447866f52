"""The normalisers in Python: as the paper's code has them (training-text, paper-wer, paper-cer), and as
schemas/normalize.h describes ours. The only place; tests/worker/speech/data/make_fixtures.py takes them from here."""
import re
import unicodedata

import jiwer


def training_text(text):
    text = re.sub(r"[^\w\s']", " ", text.lower())
    return re.sub(r"\s+", " ", re.sub(r"(?<!\w)'|'(?!\w)", " ", text)).strip()


def without_asides(text):
    return re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text))


PAPER_WER = jiwer.Compose([jiwer.SubstituteRegexes({r"[<\[][^>\]]*[>\]]": "", r"\(([^)]+?)\)": ""}),
                           jiwer.ToLowerCase(), jiwer.RemoveMultipleSpaces(), jiwer.Strip(),
                           jiwer.RemovePunctuation(), jiwer.ReduceToListOfListOfWords()])


def paper_wer(text):
    return " ".join(PAPER_WER([text])[0])


def paper_cer(text):
    text = unicodedata.normalize("NFKC", without_asides(text.lower()))
    text = "".join(" " if unicodedata.category(letter)[0] in "MSP" else letter for letter in text)
    return re.sub(r"\s+", " ", text).strip()


def plain_words(text):
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    said = [unicodedata.category(letter)[0] in "LMN" for letter in text]
    kept = [letter if here or (letter == "'" and 0 < i < len(text) - 1 and said[i - 1] and said[i + 1]) else " "
            for i, (letter, here) in enumerate(zip(text, said))]
    return " ".join("".join(kept).split())


NORMALIZERS = {"training-text/1": training_text, "paper-wer/1": paper_wer, "paper-cer/1": paper_cer, "plain-words/1": plain_words}
