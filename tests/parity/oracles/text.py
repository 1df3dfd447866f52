"""Tokenizers, text normalisers and edit counts, by tokenizers, Python's own Unicode tables and jiwer."""
import random
import sys
import unicodedata

import jiwer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from common import write_json
from normalisers import NORMALIZERS

QWEN2_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
                 r"\s*[\r\n]+|\s+(?!\S)|\s+")
WORDS = ("the hello world don't I'll k\u00f8benhavn na\u00efve 2024 abab ... stra\u00dfe \u00fcber \u0432\u0441\u0451 \u65e5\u672c\u8a9e "
         "\u4e16\u754c \u03b4\u03cc\u03be\u03b1 \u0927\u0928\u094d\u092f \U0001f600 \ud55c\uad6d").split()
PIECES = ["the ", "hello", " world", "'s", "'S", "don't ", "I'LL", "'re", "'\u017f", " 123", "4567", "\u00e5", "\u00f8 ", "\u00e9", "e\u0301", "\n",
          " \n", "\r\n", "   ", "\u65e5\u672c", "\U0001f600", "\t", "\u00a0", "\u0085", "\u000b", "\u2028", "\u3000", "!!", "\u0431", ".\n", "-", "_", "\x00",
          "\u1100\u1161", "\u212b", "\ufb01", "\u0664\u0665", "\u00bd", "\u2167", "\U00010400", "\u200d", "\u0130", "\u03a3"]


def known(letter):
    """Whether Python's Unicode (14 with Python 3.11) assigns a character, and tokenizers' older tables normalise it as that
    does (0.23 does not know how to order marks that came after Unicode 9): which version a library has is not its code's fault."""
    if unicodedata.category(letter) in ("Cn", "Cs", "Co"):
        return False
    texts = [unicodedata.normalize("NFD", letter)] + ([f"a{letter}\u0334"] if unicodedata.combining(letter) else [])
    return all(NFC.normalize_str(text) == unicodedata.normalize("NFC", text) for text in texts)


NFC = normalizers.NFC()
KNOWN = [letter for letter in map(chr, range(sys.maxunicode + 1)) if known(letter)]


def any_text(rng, pieces):
    """Half of the strings are made of awkward pieces, half have characters from all of Unicode between them."""
    letters = rng.choice([[], [], KNOWN, KNOWN[:0x500], KNOWN[:128]])
    return "".join(rng.choice(letters if letters and rng.random() < 0.5 else pieces) for _ in range(rng.randint(0, 16)))


def make_tokenizer(directory, rng, normalizer, pre_tokenizer):
    bpe = Tokenizer(models.BPE())
    if normalizer:
        bpe.normalizer = normalizer
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizer, decoders.ByteLevel()
    sentences = [" ".join(rng.choice(WORDS) for _ in range(10)) for _ in range(300)]
    bpe.train_from_iterator(sentences, trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    bpe.add_special_tokens(["<|endoftext|>", "<|im_end|>"])
    bpe.add_tokens([AddedToken("<|0.00|>", normalized=False), AddedToken("<|0.00|>2", normalized=False),
                    AddedToken("\u00e9\u00e9", normalized=True)])
    directory.mkdir(parents=True, exist_ok=True)
    bpe.save(str(directory / "tokenizer.json"), pretty=False)
    return bpe


def tokenizers(out, live):
    shapes = {"qwen2": (normalizers.NFC(), pre_tokenizers.Sequence([
                  pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated"),
                  pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])),
              "whisper": (None, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))}
    for name, (normalizer, pre_tokenizer) in shapes.items():
        rng = random.Random(name)
        directory = out / "tokenizers" / name
        bpe = make_tokenizer(directory, rng, normalizer, pre_tokenizer)
        pieces = PIECES + ["<|endoftext|>", "<|im_end|>", "<|0.00|>", "<|0.00|>2", "\u00e9\u00e9", "<|en"]
        texts = [any_text(rng, pieces) for _ in range(50_000 if live else 200)]
        encodings = [[text, encoded.ids, bpe.decode(encoded.ids, skip_special_tokens=True)]
                     for text, encoded in zip(texts, bpe.encode_batch(texts, add_special_tokens=False))]
        drawn = [[rng.randrange(bpe.get_vocab_size()) for _ in range(rng.randint(1, 12))] for _ in range(20_000 if live else 150)]
        decodings = [[ids, bpe.decode(ids, skip_special_tokens=True)] for ids in drawn]
        write_json(directory / "cases.json", {"encodings": encodings, "decodings": decodings}, "tokenizers")


def normalisers(out, live):
    rng = random.Random(2)
    pieces = PIECES + ["<noise>", "[laughs]", "(aside)", "(", ")", "<", ">", "a-b", "3%", "\u20ac50,00", "\u2018quoted\u2019", "don\u2019t",
                       "\u03bf\u03b4\u03bf\u03a3", " ' ", "''", "rock 'n' roll", "$^`+", "\x1c", "\u00df", "\u1e9e", "\u2126"]
    texts = [any_text(rng, pieces) for _ in range(100_000 if live else 300)]
    cases = [[text, *(function(text) for function in NORMALIZERS.values())] for text in texts]
    write_json(out / "normalisers.json", {"names": list(NORMALIZERS), "cases": cases}, "jiwer")


ALIGNMENT = {"equal": "H", "substitute": "S", "delete": "D", "insert": "I"}
AS_IT_IS = jiwer.Compose([jiwer.ReduceToListOfListOfWords()])
AS_CHARACTERS = jiwer.Compose([jiwer.ReduceToListOfListOfChars()])


def letters(chunks):
    return "".join(ALIGNMENT[c.type] * max(c.ref_end_idx - c.ref_start_idx, c.hyp_end_idx - c.hyp_start_idx) for c in chunks)


def scoring(out, live):
    """Pairs of few different words, so that most have several minimal alignments; some are empty or long."""
    rng = random.Random(3)

    def sentence(longest, words):
        return " ".join(rng.choice(words) for _ in range(rng.randint(0, longest)))

    pairs = []
    for index in range(100_000 if live else 400):
        words = ["a", "b", "ab", "\u00e5", "\U0001f600", "c", "ca", "a\tb"][: rng.randint(1, 8)]
        longest = 80 if index % 50 == 0 else rng.choice([1, 4, 12])
        pairs.append((sentence(longest, words), sentence(longest, words)))
    references, hypotheses = zip(*pairs)
    by_word = jiwer.process_words(list(references), list(hypotheses), AS_IT_IS, AS_IT_IS)
    by_letter = jiwer.process_characters(list(references), list(hypotheses), AS_CHARACTERS, AS_CHARACTERS)
    cases = [[reference, hypothesis, letters(word), letters(letter)] for reference, hypothesis, word, letter in
             zip(references, hypotheses, by_word.alignments, by_letter.alignments)]
    splits = []
    for _ in range(200 if live else 20):
        begin, size, batch = rng.randrange(len(pairs) - 70), rng.randint(1, 70), rng.choice([1, 8, 32])
        chosen = list(references[begin:begin + size]), list(hypotheses[begin:begin + size])
        batches = [jiwer.wer(chosen[0][i:i + batch], chosen[1][i:i + batch], AS_IT_IS, AS_IT_IS) for i in range(0, size, batch)]
        splits.append({"begin": begin, "size": size, "batch": batch, "wer": jiwer.wer(*chosen, AS_IT_IS, AS_IT_IS),
                       "cer": jiwer.cer(*chosen, AS_CHARACTERS, AS_CHARACTERS), "batch_mean": sum(batches) / len(batches)})
    write_json(out / "scoring.json", {"pairs": cases, "splits": splits}, "jiwer", "rapidfuzz")
