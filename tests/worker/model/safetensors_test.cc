#include "worker/model/safetensors.h"

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <sstream>

#include "tests/chances.h"
#include "tests/worker/model/fixtures.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {
namespace {

// A file with this header and so many bytes of data.
std::filesystem::path file_with(const TemporaryDirectory& directory, const std::string& header,
                                std::size_t data) {
  const auto path = directory.path() / "model.safetensors";
  std::ofstream out(path, std::ios::binary);
  const std::uint64_t length = header.size();
  char bytes[8];
  std::memcpy(bytes, &length, 8);
  out.write(bytes, 8);
  out << header << std::string(data, '\0');
  return path;
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  const auto a = torch::randn({3, 5}), b = torch::randn({2}).to(torch::kFloat16),
             c = torch::randn({}).to(torch::kBFloat16);
  ASSERT_TRUE(write_safetensors(path, {{"a", a}, {"b.weight", b}, {"c", c}}, {{"format", "pt"}}).ok());
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_TRUE(torch::equal(file->view("a"), a));
  EXPECT_TRUE(torch::equal(file->view("b.weight"), b));
  EXPECT_TRUE(torch::equal(file->view("c"), c));
  EXPECT_EQ(file->metadata().at("format"), "pt");
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".part"));
}

TEST(Weights, StayInTheirFileWhereTheyAreOnlyRead) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  const auto stored = torch::randn({4, 3}).to(torch::kBFloat16);
  ASSERT_TRUE(write_safetensors(path, {{"weight", stored}}).ok());
  const auto weights = Weights::open(path);
  ASSERT_TRUE(weights.ok());
  EXPECT_TRUE(weights->all_are(torch::kBFloat16));
  EXPECT_FALSE(weights->all_are(torch::kFloat32));
  const void* in_file = weights->tensor("weight", {4, 3})->data_ptr();
  const auto loaded = [&](torch::ScalarType dtype, Access access) {
    Linear linear(3, 4, Bias::none);
    EXPECT_TRUE(load_parameters(*linear, *weights, "", {torch::kCPU, dtype}, access).ok());
    EXPECT_TRUE(torch::equal(linear->weight.to(torch::kBFloat16), stored));
    return linear->weight.data_ptr();
  };
  EXPECT_EQ(loaded(torch::kBFloat16, Access::read), in_file);
  EXPECT_NE(loaded(torch::kFloat32, Access::read), in_file);
  EXPECT_NE(loaded(torch::kBFloat16, Access::write), in_file);
}

TEST(Safetensors, RefusesDamagedHeaders) {
  const std::string two =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":)";
  const struct {
    std::string header;
    std::size_t data;
    const char* what;
  } cases[] = {
      {"{", 0, "header"},
      {"[]", 0, "not a JSON object"},
      {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8, "I64"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8, "shape needs 12"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", 8, "shape"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0, "too large"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "beyond the file"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 12, "holes"},
      {two + "[4,12]}}", 12, "overlap"},
      {two + "[12,20]}}", 20, "holes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "twice"},
  };
  for (const auto& bad : cases) {
    const TemporaryDirectory directory;
    const auto file = SafetensorsFile::open(file_with(directory, bad.header, bad.data));
    ASSERT_FALSE(file.ok()) << bad.header;
    EXPECT_EQ(file.error().code, "weights_invalid");
    EXPECT_NE(file.error().message.find(bad.what), std::string::npos) << file.error().message;
  }
}

TEST(Safetensors, RefusesAHeaderLongerThanTheFile) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "model.safetensors";
  std::ofstream(path) << std::string(8, '\xff');
  EXPECT_EQ(SafetensorsFile::open(path).error().code, "weights_invalid");
  EXPECT_EQ(SafetensorsFile::open(directory.path() / "none").error().code, "weights_missing");
}

// Something that is nearly a header: bytes changed, left out or put in, and pieces that mean something.
std::string spoil(std::string header, std::mt19937& random) {
  static const std::vector<std::string> pieces = [] {
    std::istringstream words(
        R"(0 1 -1 8 24 4.5 1e99 9223372036854775807 9223372036854775808 18446744073709551615
                                [] [0,0] null true { } ] \u0 "F16" "BF16" "a" , : shape data_offsets __metadata__)");
    return std::vector<std::string>(std::istream_iterator<std::string>(words), {});
  }();
  for (int changes = 1 + int(random() % 4); changes > 0; --changes) {
    const std::size_t at = random() % (header.size() + 1), length = random() % 4;
    if (random() % 3 == 0 && at < header.size()) header[at] = char(random());
    else header.replace(at, length, random() % 2 ? pieces[random() % pieces.size()] : "");
  }
  return header;
}

// Each is refused, or what it describes lies in the file, is as large as its shape says, and can be read.
TEST(Safetensors, HeadersThatAreNearlyRightDoNoHarm) {
  const TemporaryDirectory directory;
  const std::string whole =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],)"
      R"("data_offsets":[0,24]},"b":{"dtype":"F16","shape":[4],"data_offsets":[24,32]}})";
  std::mt19937 random(1);
  const int tried = 2000 * times(1);
  int refused = 0;
  for (int i = 0; i < tried; ++i) {
    const std::string header = spoil(whole, random);
    const auto path = file_with(directory, header, 32);
    if (random() % 8 == 0)  // the length that it states of itself
      std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
          .seekp(random() % 8)
          .put(char(random()));
    const auto file = SafetensorsFile::open(path);
    if (!file) {
      ++refused;
      EXPECT_EQ(file.error().code, "weights_invalid") << header;
      continue;
    }
    std::size_t bytes = 0;
    for (const auto& [name, entry] : file->entries()) {
      const torch::Tensor tensor = file->view(name);
      bytes += tensor.nbytes();
      EXPECT_TRUE(tensor.to(torch::kFloat32).equal(torch::zeros(entry.shape))) << header;
    }
    EXPECT_EQ(bytes, 32u) << header;
  }
  std::cout << "0 of " << tried << " headers that are nearly right did harm (" << refused
            << " refused; seed 1)\n";
  EXPECT_GT(refused, tried / 2);
  EXPECT_LT(refused, tried);
}

TEST(Weights, ReadShardsThroughTheirIndex) {
  const TemporaryDirectory directory;
  const auto a = torch::randn({2}), b = torch::randn({3});
  ASSERT_TRUE(write_safetensors(directory.path() / "model-1.safetensors", {{"a", a}}).ok());
  ASSERT_TRUE(write_safetensors(directory.path() / "model-2.safetensors", {{"b", b}}).ok());
  std::ofstream(directory.path() / "model.safetensors.index.json")
      << R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})";
  const auto weights = Weights::open(directory.path());
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_TRUE(torch::equal(*weights->tensor("a", {2}), a));
  EXPECT_TRUE(torch::equal(*weights->tensor("b", {3}), b));
}

TEST(Weights, NameFileTensorAndShapesOfAMismatch) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(write_safetensors(directory.path() / "model.safetensors", {{"a", torch::zeros({2, 3})}}).ok());
  const auto weights = Weights::open(directory.path());
  const auto wrong = weights->tensor("a", {3, 2});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("model.safetensors: tensor 'a' is [2, 3], expected [3, 2]"),
            std::string::npos)
      << wrong.error().message;
  EXPECT_EQ(weights->tensor("b", {1}).error().code, "weights_mismatch");
}

TEST(Weights, RefusePickledFilesWithAHint) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "pytorch_model.bin") << "x";
  const auto weights = Weights::open(directory.path());
  EXPECT_EQ(weights.error().code, "weights_unsupported");
  EXPECT_NE(weights.error().hint.find("safe_serialization"), std::string::npos);
}

}  // namespace
}  // namespace sweetspot::worker
