// sweetspot-worker pretrain whisper|llm: the small models of examples/nano.
#include "worker/recipe/pretrain.h"

#include <memory>

#include "worker/commands/commands.h"
#include "worker/commands/device.h"

namespace sweetspot::worker {

namespace {
struct Settings {
  PretrainWhisper whisper;
  PretrainLlm llm;
  DeviceOptions device{.threads = 1};
};

void add_schedule(CLI::App& command, PretrainSchedule& schedule) {
  command.add_option("--steps", schedule.steps, "optimiser steps")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--lr", schedule.peak, "highest learning rate")->capture_default_str();
}

int finish(const Settings& settings, Status (*pretrain)(const Settings&)) {
  const auto device = use_device(settings.device);
  if (!device) return complain(device.error());
  const auto done = pretrain(settings);
  return done ? 0 : complain(done.error());
}

void add_whisper(CLI::App& pretrain, const std::shared_ptr<Settings>& settings, int& exit_code) {
  auto* command = pretrain.add_subcommand("whisper", "a Whisper-shaped encoder-decoder for da, nl and en");
  auto& options = settings->whisper;
  command
      ->add_option("--corpora", options.corpora,
                   "directory of da/, nl/, en/ and text.txt (nano-corpora makes it)")
      ->required();
  command->add_option("--out", options.out, "model directory to write")->required();
  command->add_option("--start", options.start, "model directory to go on from; absent: from nothing");
  command->add_option("--layers", options.layers, "encoder layers")->capture_default_str();
  command->add_option("--width", options.width, "d_model")->capture_default_str();
  command->add_option("--clips", options.clips, "training clips of each language")->capture_default_str();
  command->add_option("--seed", options.seed, "of start values and data order")->capture_default_str();
  add_schedule(*command, options.schedule);
  add_device_options(*command, settings->device);
  command->callback([settings, &exit_code] {
    exit_code = finish(*settings, [](const Settings& s) { return pretrain_whisper(s.whisper); });
  });
}

void add_llm(CLI::App& pretrain, const std::shared_ptr<Settings>& settings, int& exit_code) {
  auto* command =
      pretrain.add_subcommand("llm", "a Qwen2-shaped language model that can repeat what it hears");
  auto& options = settings->llm;
  command->add_option("--text", options.text, "text file, a sentence a line (nano-corpora --text makes it)")
      ->required();
  command->add_option("--out", options.out, "model directory to write")->required();
  command->add_option("--start", options.start, "model directory to go on from; absent: from nothing");
  command->add_option("--hidden", options.hidden, "hidden size")->capture_default_str();
  command->add_option("--layers", options.layers, "layers")->capture_default_str();
  command->add_option("--seed", options.seed, "of start values and examples")->capture_default_str();
  add_schedule(*command, options.schedule);
  add_device_options(*command, settings->device);
  command->callback([settings, &exit_code] {
    exit_code = finish(*settings, [](const Settings& s) { return pretrain_llm(s.llm); });
  });
}
}  // namespace

void add_pretrain(CLI::App& program, int& exit_code) {
  auto* pretrain = program.add_subcommand("pretrain", "make the small models of examples/nano (on the CPU)");
  pretrain->require_subcommand(1);
  const auto settings = std::make_shared<Settings>();
  add_whisper(*pretrain, settings, exit_code);
  add_llm(*pretrain, settings, exit_code);
}

}  // namespace sweetspot::worker
