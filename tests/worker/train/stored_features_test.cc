// SpeechEncoder with a store: each clip is encoded once by whoever comes first, and the numbers are those of
// an encoder that has none.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <thread>

#include "tests/worker/speech/temporary_directory.h"
#include "worker/audio/sound_file.h"
#include "worker/model/safetensors.h"
#include "worker/train/features.h"

namespace sweetspot::worker {
namespace {
namespace fs = std::filesystem;
constexpr std::int64_t kRoom = 1 << 28;
constexpr int kClips = 300;  // of one second: five shards
const std::vector<int> kDepths = {1, 2};

// Tones, each of another pitch, in one file of which every clip is a stretch.
std::vector<Utterance> make_clips(const fs::path& file) {
  std::vector<float> samples(std::size_t(kClips) * 8000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        float(0.3 * std::sin(2 * std::numbers::pi * double(200 + 10 * (i / 8000)) * double(i) / 16000));
  EXPECT_TRUE(write_audio(file, samples).ok());
  std::vector<Utterance> clips;
  for (int i = 0; i < kClips; ++i)
    clips.push_back(
        {.id = std::to_string(i), .audio = file, .offset = 0.5 * i, .seconds = 0.5, .text = "low"});
  return clips;
}

void make_encoder(const fs::path& directory, int seed) {
  fs::create_directories(directory);
  auto config = nlohmann::json::parse(std::ifstream(fs::path(MODEL_TEST_DATA) / "whisper" / "config.json"));
  config["num_mel_bins"] = 80, config["max_source_positions"] = 50;
  std::ofstream(directory / "config.json") << config.dump();
  WhisperEncoder encoder(*read_whisper_config(directory), 2);
  torch::manual_seed(seed);
  NamedTensors tensors;
  for (const auto& item : encoder->named_parameters())
    tensors.emplace_back("model.encoder." + item.key(), torch::randn(item.value().sizes()) * 0.2);
  ASSERT_TRUE(write_safetensors(directory / "model.safetensors", tensors).ok());
}

// As one worker has them.
struct Worker {
  FeatureCache cache;
  std::optional<FeatureStore> store;
  SpeechEncoder encoder;
  Worker(const fs::path& model, const fs::path& stored, std::int64_t cap, std::size_t memory = 0,
         int layers = 2)
      : cache(memory),
        store(stored.empty() ? std::nullopt
                             : std::optional<FeatureStore>(std::in_place, FeatureStoreOptions{stored, cap})),
        encoder(*load_whisper_encoder(model, layers, {}), "encoder", {}, cache, store ? &*store : nullptr) {}
};

class StoredFeatures : public testing::Test {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }
  StoredFeatures()
      : clips(make_clips(folder.path() / "clips.wav")),
        model(folder.path() / "encoder"),
        stored(folder.path() / "features") {
    make_encoder(model, 1);
  }
  // Of all clips, in batches as a cell takes them.
  torch::Tensor all(Worker& worker, int depth = 2, std::vector<int> depths = kDepths, int size = 16) const {
    std::vector<torch::Tensor> features;
    for (const Batch& batch : make_batches(clips, size)) {
      auto some = worker.encoder.features(clips, batch, depth, depths);
      EXPECT_TRUE(some.ok()) << some.error().message;
      features.push_back(*some);
    }
    return torch::cat(features);
  }
  torch::Tensor without_store() const {
    Worker worker(model, {}, 0, kRoom);
    return all(worker);
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(stored))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }
  TemporaryDirectory folder;
  std::vector<Utterance> clips;
  fs::path model, stored;
};

TEST_F(StoredFeatures, AreThoseOfAnEncoderWithoutAStoreToTheLastBit) {
  const auto wanted = without_store();
  Worker writer(model, stored, kRoom), reader(model, stored, kRoom);
  EXPECT_TRUE(torch::equal(all(writer), wanted));
  EXPECT_EQ(writer.encoder.work().clips, kClips);
  for (const int size : {16, 3, 32}) EXPECT_TRUE(torch::equal(all(reader, 2, {2}, size), wanted));
  EXPECT_EQ(reader.encoder.work().clips, 0);
}

TEST_F(StoredFeatures, TwoWorkersEncodeEachClipOnce) {
  const auto wanted = without_store();
  Worker one(model, stored, kRoom), other(model, stored, kRoom);
  std::thread beside([&] { EXPECT_TRUE(torch::equal(all(one), wanted)); });
  EXPECT_TRUE(torch::equal(all(other), wanted));
  beside.join();
  EXPECT_EQ(one.encoder.work().clips + other.encoder.work().clips, kClips);
}

TEST_F(StoredFeatures, OfOtherShardsAreEncodedWhileOneIsTaken) {
  const auto wanted = without_store();
  const auto names = make_shards(clips).names;
  FeatureStore another({stored, kRoom});
  auto taken = another.claim(names.front(), FeatureStore::Wait::no);
  ASSERT_TRUE(taken);
  const auto others = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    return another.claim(name, FeatureStore::Wait::no).has_value();  // names may share a claim
  });
  Worker worker(model, stored, kRoom);
  std::thread beside([&] { EXPECT_TRUE(torch::equal(all(worker), wanted)); });
  while (files().size() < others * kDepths.size()) std::this_thread::yield();
  taken.reset();
  beside.join();
  EXPECT_EQ(worker.encoder.work().clips, kClips);
}

TEST_F(StoredFeatures, DamagedOnesAreEncodedAnewAndReplaced) {
  const auto wanted = without_store();
  Worker writer(model, stored, kRoom);
  all(writer);
  const auto written = files();
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (i % 2) fs::resize_file(written[i], fs::file_size(written[i]) / 2);
    else
      std::ofstream(written[i], std::ios::in | std::ios::out | std::ios::binary)
          .seekp(-3, std::ios::end)
          .put('?');
  }
  Worker reader(model, stored, kRoom), next(model, stored, kRoom);
  EXPECT_TRUE(torch::equal(all(reader), wanted));
  EXPECT_EQ(reader.encoder.work().clips, kClips);
  EXPECT_TRUE(torch::equal(all(next), wanted));
  EXPECT_EQ(next.encoder.work().clips, 0);
}

TEST_F(StoredFeatures, OnePassStoresTheDepthsThatAreExpected) {
  Worker writer(model, stored, kRoom), reader(model, stored, kRoom, 0, 1);
  const std::vector<int> expected = {0, 1, 2, 9};  // of 9 layers this encoder has none
  writer.encoder.expect(expected);
  all(writer, 2, {2});
  all(reader, 1, {1});
  EXPECT_EQ(writer.encoder.work().clips, kClips);
  EXPECT_EQ(reader.encoder.work().clips, 0);  // though it has loaded fewer layers
}

TEST_F(StoredFeatures, OfOtherWeightsOrAChangedClipAreOthers) {
  Worker writer(model, stored, kRoom);
  all(writer);
  make_encoder(model, 2);  // the same path
  Worker other(model, stored, kRoom);
  const auto features = all(other);
  EXPECT_EQ(other.encoder.work().clips, kClips);
  EXPECT_TRUE(torch::equal(features, without_store()));
  fs::last_write_time(clips.front().audio, fs::file_time_type::clock::now() + std::chrono::hours(1));
  Worker later(model, stored, kRoom);
  all(later);
  EXPECT_EQ(later.encoder.work().clips, kClips);
}

TEST_F(StoredFeatures, AreStreamedWhereNeitherDiskNorMemoryHasRoom) {
  const auto wanted = without_store();
  Worker worker(model, stored, 10'000);
  EXPECT_FALSE(worker.encoder.fits_cache(clips, 2));
  EXPECT_TRUE(torch::equal(all(worker), wanted));
  all(worker);
  EXPECT_EQ(worker.encoder.work().clips, 2 * kClips);
  EXPECT_TRUE(files().empty());
}

TEST_F(StoredFeatures, GoOnInMemoryWhenTheDiskIsFull) {
  const auto wanted = without_store();
  Worker worker(model, stored, kRoom, kRoom);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full = {100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  EXPECT_TRUE(torch::equal(all(worker), wanted));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(files().empty());
  all(worker);
  EXPECT_EQ(worker.encoder.work().clips, kClips);
}

}  // namespace
}  // namespace sweetspot::worker
