// sweetspot-worker transcribe: sound files in, JSON lines out, with what a run has learnt.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "schemas/json_text.h"
#include "schemas/model_directory.h"
#include "worker/audio/sound_file.h"
#include "worker/commands/commands.h"
#include "worker/commands/device.h"
#include "worker/decode/beam_search.h"
#include "worker/recipe/workshop.h"

namespace sweetspot::worker {

namespace {
struct TranscribeOptions {
  std::string encoder, llm;
  int layers = -1;
  std::filesystem::path projector, adapter;
  BeamOptions beam;
  std::vector<std::filesystem::path> audio;
  DeviceOptions device;
};

// The layers that were given, else those the projector was trained with, else all.
Result<int> layers_to_keep(const TranscribeOptions& options) {
  if (options.layers >= 0) return options.layers;
  const auto beside = options.projector.parent_path() / "sweetspot.json";
  if (std::filesystem::exists(beside)) {
    const auto document = read_json_file(beside);
    if (!document) return document.error();
    const auto pointer = nlohmann::json::json_pointer("/cell/layers");
    if (document->contains(pointer) && (*document)[pointer].is_number_integer())
      return (*document)[pointer].get<int>();
  }
  const auto directory = model_directory(options.encoder);
  if (!directory) return directory.error();
  const auto config = read_whisper_config(*directory);
  if (!config) return config.error();
  return int(config->encoder_layers);
}

// A recogniser put together from its files.
struct Recogniser {
  std::shared_ptr<SpeechEncoder> encoder;
  std::shared_ptr<const SlamAsr> slam;
  Projector projector;
  std::optional<LoraAdapter> adapter;
  int layers;
};

Result<Recogniser> assemble(Workshop& workshop, const TranscribeOptions& options) {
  const auto layers = layers_to_keep(options);
  if (!layers) return layers.error();
  auto encoder = workshop.encoder(options.encoder, *layers, Precision::fp32);
  if (!encoder) return encoder.error();
  auto slam = workshop.slam_asr(options.llm, Precision::fp32);
  if (!slam) return slam.error();
  const Qwen2Config& llm = (*slam)->llm()->config();
  auto projector = load_projector(options.projector, {(*encoder)->encoder()->config().d_model, llm.hidden},
                                  workshop.device());
  if (!projector) return projector.error();
  Recogniser recogniser{*encoder, *slam, *projector, {}, *layers};
  if (options.adapter.empty()) return recogniser;
  auto adapter = LoraAdapter::load(options.adapter, llm, workshop.device());
  if (!adapter) return adapter.error();
  recogniser.adapter = std::move(*adapter);
  return recogniser;
}

Result<std::string> transcribe(const Recogniser& recogniser, const Utterance& clip, const BeamOptions& beam) {
  const torch::NoGradGuard no_grad;
  const int only = 0;
  const auto features =
      recogniser.encoder->features({&clip, 1}, {&only, 1}, recogniser.layers, {&recogniser.layers, 1});
  if (!features) return features.error();
  const auto audio = recogniser.projector->forward(*features, {});
  const Prompts prompts = {.embeddings = recogniser.slam->prompt(audio),
                           .adapters = {recogniser.adapter ? &*recogniser.adapter : nullptr}};
  return recogniser.slam->text(beam_search(recogniser.slam->llm(), prompts, beam).front());
}

int transcribe_all(const TranscribeOptions& options) {
  const auto device = use_device(options.device);
  if (!device) return complain(device.error());
  Workshop workshop({.device = *device, .feature_bytes = 0});
  const auto recogniser = assemble(workshop, options);
  if (!recogniser) return complain(recogniser.error());
  int exit_code = 0;
  for (const auto& file : options.audio) {
    const auto seconds = audio_seconds(file);
    const auto text =
        seconds ? transcribe(*recogniser, {.id = file.filename(), .audio = file, .seconds = *seconds},
                             options.beam)
                : Result<std::string>(seconds.error());
    if (!text) {
      exit_code = complain(text.error());
      continue;
    }
    fmt::print("{}\n", dump_json({{"audio", file.string()}, {"seconds", *seconds}, {"text", *text}}));
    std::fflush(stdout);
  }
  return exit_code;
}
}  // namespace

void add_transcribe(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<TranscribeOptions>();
  CLI::App* command = program.add_subcommand(
      "transcribe", "transcribe sound files with a trained projector; a JSON line each");
  command->add_option("--encoder", options->encoder, "Whisper directory or hub id")->required();
  command->add_option("--layers", options->layers, "layers to keep (default: those it was trained with)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--llm", options->llm, "language model directory or hub id")->required();
  command->add_option("--projector", options->projector, "projector.safetensors")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--adapter", options->adapter, "LoRA directory as PEFT writes it")
      ->check(CLI::ExistingDirectory);
  command->add_option("--beam", options->beam.beam, "beams; 1: greedy")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--max-new-tokens", options->beam.max_new_tokens, "longest answer")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("AUDIO", options->audio, "wav, flac, mp3 or ogg")->required();
  add_device_options(*command, options->device);
  command->callback([options, &exit_code] { exit_code = transcribe_all(*options); });
}

}  // namespace sweetspot::worker
