"""Writes the fixtures of tests/worker/speech with the libraries whose results ours must equal.

    alignments.json        rapidfuzz's edit operations and jiwer's counts of random word strings
    normalized.json        the three normalisers of the paper, by tests/parity/oracles/normalisers.py
    qwen2/, gpt2/          byte-level BPE tokenizers trained by Hugging Face's tokenizers, with encodings.json each

Run with the versions the files record: python3 make_fixtures.py
"""
import json
import pathlib
import random
import sys
import unicodedata

import jiwer
import rapidfuzz
import tokenizers
from rapidfuzz.distance import Levenshtein
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "parity" / "oracles"))
from normalisers import NORMALIZERS
from text import QWEN2_PATTERN

RANDOM = random.Random(1)


def write(name, document):
    (HERE / name).write_text(json.dumps(document, ensure_ascii=True, indent=None, separators=(",", ":")) + "\n")


def letters(reference, hypothesis):
    names = {"equal": "H", "replace": "S", "delete": "D", "insert": "I"}
    return "".join(names[op.tag] * max(op.src_end - op.src_start, op.dest_end - op.dest_start)
                   for op in Levenshtein.opcodes(reference, hypothesis))


def alignments():
    def sentence(longest, words):
        return " ".join(RANDOM.choice("abcdefgh"[:words]) for _ in range(RANDOM.randint(0, longest)))

    cases = []
    for index in range(300):
        longest, words = (60 if index % 30 == 0 else 12), RANDOM.randint(1, 8)
        reference, hypothesis = sentence(longest, words), sentence(longest, words)
        counts = jiwer.process_words([reference], [hypothesis])
        cases.append({"reference": reference, "hypothesis": hypothesis,
                      "words": letters(reference.split(), hypothesis.split()),
                      "characters": letters(reference, hypothesis),
                      "counts": [counts.hits, counts.substitutions, counts.deletions, counts.insertions]})
    write("alignments.json", {"made_by": f"rapidfuzz {rapidfuzz.__version__}, jiwer 4", "cases": cases})


def normalized():
    texts = ["", " ' ", "Don't stop!", "rock 'n' roll", "'Hello', she said", "Prijs: \u20ac50,00 (incl. BTW)", "a-b 3%",
             "\u00c6ble, \u00d8l og \u00c5", "\u039f\u0394\u039f\u03a3", "e\u0301te\u0301", "<noise> [laughs] (aside) kept",
             "snake_case", "\ufb01ne \u00bd", "a\tb\nc", "- dash -", "\u2018quoted\u2019"]
    pool = "abcXYZ''' <>[]()-.,!?%$^`\"3_\t\n\u00e6\u00d8\u00e5\u0130\u03a3\u0301\u00a0\u2019\u20ac\u00bd "
    texts += ["".join(RANDOM.choice(pool) for _ in range(RANDOM.randint(1, 40))) for _ in range(200)]
    names = ["training-text/1", "paper-wer/1", "paper-cer/1"]
    cases = [{"text": text} | {name: NORMALIZERS[name](text) for name in names} for text in texts]
    write("normalized.json", {"made_by": f"Python's Unicode {unicodedata.unidata_version}, jiwer 4", "cases": cases})


def random_text(added):
    pieces = ["the ", "hello", " world", "'s", "'S", "don't ", "I'LL", " 123", "\u00e5", "\u00f8 ", "\u00e9", "e\u0301", "\n", " \n",
              "   ", "\u65e5\u672c", "\U0001f600", "\t", "\u00a0", "\u0085", "!!", "\u0431", ".\n", "-", "_", "\x00"] + added + [added[0][:4]]
    return "".join(RANDOM.choice(pieces) for _ in range(RANDOM.randint(0, 15)))


def tokenizer(name, normalizer, pre_tokenizer):
    words = ["the", "hello", "world", "don't", "I'll", "k\u00f8benhavn", "na\u00efve", "2024", "abab", "..."]
    sentences = [" ".join(RANDOM.choice(words) for _ in range(10)) for _ in range(200)]
    bpe = Tokenizer(models.BPE())
    if normalizer:
        bpe.normalizer = normalizer
    bpe.pre_tokenizer = pre_tokenizer
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(sentences, trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    added = ["<|endoftext|>", "<|im_end|>"]
    bpe.add_special_tokens(added)
    bpe.add_tokens([AddedToken("<|0.00|>", normalized=False), AddedToken("<|0.00|>2", normalized=False),
                    AddedToken("\u00e9\u00e9", normalized=True)])
    (HERE / name).mkdir(exist_ok=True)
    bpe.save(str(HERE / name / "tokenizer.json"), pretty=False)
    texts = [random_text(added + ["<|0.00|>", "<|0.00|>2", "\u00e9\u00e9"]) for _ in range(200)]
    encodings = [{"text": text, "ids": (ids := bpe.encode(text, add_special_tokens=False).ids),
                  "decoded": bpe.decode(ids, skip_special_tokens=True)} for text in texts]
    drawn = [[RANDOM.randrange(bpe.get_vocab_size()) for _ in range(RANDOM.randint(1, 8))] for _ in range(100)]
    decodings = [{"ids": ids, "decoded": bpe.decode(ids, skip_special_tokens=True)} for ids in drawn]
    write(f"{name}/encodings.json", {"made_by": f"tokenizers {tokenizers.__version__}", "encodings": encodings,
                                     "decodings": decodings})


alignments()
normalized()
tokenizer("qwen2", normalizers.NFC(), pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated"),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))
tokenizer("gpt2", None, pre_tokenizers.ByteLevel(add_prefix_space=False))
