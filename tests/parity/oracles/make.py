"""Writes the fixtures of the parity suite with the libraries whose results the worker's must equal.

    make.py                    the stored fixtures, into ../data
    make.py --live --out DIR   many more random cases, for tests/parity/run
    make.py log_mel encoders   only these pieces

Everything is seeded, and each fixture names the versions that made it. openai-whisper is needed for speech, transformers
and peft for language models, tokenizers and jiwer for text.
"""
import argparse
import pathlib
import time

import torch

import llm
import speech
import text
import training

HERE = pathlib.Path(__file__).resolve().parent
PIECES = {function.__name__: function for function in
          [speech.log_mel, speech.encoders, speech.whisper_base, text.tokenizers, text.normalisers, text.scoring,
           llm.models, llm.decoders, llm.lora, llm.decoding, training.training]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", nargs="*", metavar="piece", help=", ".join(PIECES))
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "data")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--real", type=pathlib.Path, default=HERE.parents[3] / "shared" / "real",
                        help="genuine weights and recordings, beside the checkout")
    options = parser.parse_args()
    torch.set_num_threads(1)  # one order of summation, whatever the machine
    for name in options.pieces or PIECES:
        started = time.monotonic()
        more = (options.real,) if name == "whisper_base" else ()
        PIECES[name](options.out, options.live, *more)
        print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
