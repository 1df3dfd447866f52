"""Log-mel spectrograms and encoder features, by openai-whisper."""
import json
from unittest import mock

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from common import SOUNDS, noise_tensor, openai_whisper, sound, spread, write_tensors


def log_mel_spectrogram(samples, bins):
    """[bins, T] by openai-whisper's own function in float64: its float32 leaves a quiet bin beside a loud one to the rounding
    of the machine's transform, which differed by 1.4e-5 between processors."""
    audio = openai_whisper("audio")
    filters = audio.mel_filters
    torch.set_default_dtype(torch.float64)
    try:
        with mock.patch.object(audio, "mel_filters", lambda device, n_mels: filters(device, n_mels).double()):
            return audio.log_mel_spectrogram(samples.astype(np.float64), n_mels=bins).float()
    finally:
        torch.set_default_dtype(torch.float32)


def log_mel(out, live):
    lengths = [8000, 16000, 56_040, 480_000]
    random = np.random.default_rng(1)
    tensors, cases = {}, []
    for index in range(240 if live else 2 * len(SOUNDS)):
        kind = SOUNDS[index % len(SOUNDS)]
        samples = int(random.integers(8000, 480_001)) if live else lengths[(index + index // len(SOUNDS)) % len(lengths)]
        bins = (80, 128)[index // len(SOUNDS) % 2]
        mel = log_mel_spectrogram(sound(kind, index, samples), bins)
        picks = sorted({0, 1, mel.shape[1] - 1, *(int(i) for i in random.integers(0, mel.shape[1], 5))})
        cases.append({"kind": kind, "seed": index, "samples": samples, "bins": bins, "frames": mel.shape[1], "picks": picks})
        tensors[str(index)] = mel[:, picks]
    write_tensors(out / "log_mel.safetensors", tensors, cases, "openai-whisper", "torch", "numpy")


# A block of openai's encoder under the names of Hugging Face's.
NAMES = {"attn.query": "self_attn.q_proj", "attn.key": "self_attn.k_proj", "attn.value": "self_attn.v_proj",
         "attn.out": "self_attn.out_proj", "attn_ln": "self_attn_layer_norm", "mlp.0": "fc1", "mlp.2": "fc2",
         "mlp_ln": "final_layer_norm"}


def hugging_face_name(name):
    name = name.replace("positional_embedding", "embed_positions.weight").replace("ln_post", "layer_norm")
    if not name.startswith("blocks."):
        return "model.encoder." + name
    _, layer, rest = name.split(".", 2)
    module, kind = rest.rsplit(".", 1)
    return f"model.encoder.layers.{layer}.{NAMES[module]}.{kind}"


def features(encoder, mel):
    """At every depth, [B, T', d] each: openai's encoder with its upper blocks cut and as many positions as frames."""
    blocks, positions = encoder.blocks, encoder.positional_embedding
    try:
        encoder.positional_embedding = positions[: (mel.shape[2] + 1) // 2]
        for depth in range(len(blocks) + 1):
            encoder.blocks = blocks[:depth]
            with torch.no_grad():
                yield encoder(mel)
    finally:
        encoder.blocks, encoder.positional_embedding = blocks, positions


def encoders(out, live):
    AudioEncoder = openai_whisper("model").AudioEncoder
    tensors, cases = {}, []
    for model, (width, heads, layers, bins, dtype) in enumerate([(8, 2, 3, 8, torch.float32),
                                                                 (12, 3, 4, 12, torch.float16),
                                                                 (16, 1, 2, 128, torch.bfloat16)]):
        encoder = spread(AudioEncoder(bins, 1500 if live else 40, width, heads, layers), 0.15, 20 + model).to(dtype).float()
        directory = out / "encoders" / str(model)
        directory.mkdir(parents=True, exist_ok=True)
        config = {"model_type": "whisper", "d_model": width, "encoder_layers": layers, "encoder_attention_heads": heads,
                  "encoder_ffn_dim": 4 * width, "decoder_layers": 1, "decoder_attention_heads": heads,
                  "decoder_ffn_dim": 4 * width, "num_mel_bins": bins, "vocab_size": 100,
                  "max_source_positions": encoder.positional_embedding.shape[0]}
        (directory / "config.json").write_text(json.dumps(config) + "\n")
        save_file({hugging_face_name(name): value.to(dtype).contiguous() for name, value in encoder.state_dict().items()},
                  directory / "model.safetensors", {"format": "pt"})
        encoder.positional_embedding = encoder.positional_embedding.to(dtype).float()
        for frames in [1, 2, 100, 801, 2999, 3000] if live else [1, 8, 37]:
            seed = 100 * model + frames
            for depth, feature in enumerate(features(encoder, noise_tensor(seed, 2, bins, frames))):
                tensors[f"{len(cases)}.{depth}"] = feature
            cases.append({"model": model, "seed": seed, "batch": 2, "bins": bins, "frames": frames, "layers": layers})
    write_tensors(out / "encoder.safetensors", tensors, cases, "openai-whisper", "torch")


def whisper_base(out, live, real):
    """Features of the genuine whisper-base at every depth, of given log-mels and of sounds; a few frames of them are kept."""
    directory = real / "whisper-base-encoder"
    if not directory.is_dir():
        return print(f"whisper_base: skipped, there is no {directory}")
    encoder = openai_whisper("model").AudioEncoder(80, 1500, 512, 8, 6).eval()
    stored = load_file(directory / "model.safetensors")
    encoder.load_state_dict({name: stored[hugging_face_name(name)].float() for name in encoder.state_dict()})
    tensors, cases = {}, []
    for samples in [16_000, 33_333, 160_000, 480_000] if live else [40_000]:
        for kind in ["mel", "syllables"]:
            if kind == "mel":
                mel = noise_tensor(samples, 80, samples // 160)
            else:
                mel = log_mel_spectrogram(sound(kind, samples, samples), 80)
            frames = (mel.shape[1] + 1) // 2
            picks = list(range(0, frames, 7)) if live else [0, frames - 1]
            for depth, feature in enumerate(features(encoder, mel[None])):
                tensors[f"{len(cases)}.{depth}"] = feature[0, picks]
            cases.append({"kind": kind, "seed": samples, "samples": samples, "picks": picks, "layers": 6})
    write_tensors(out / "whisper_base.safetensors", tensors, cases, "openai-whisper", "torch")
