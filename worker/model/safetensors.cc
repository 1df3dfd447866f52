#include "worker/model/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "schemas/json_text.h"
#include "worker/model/atomic_file.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxHeaderBytes = 100'000'000;
constexpr std::pair<const char*, torch::ScalarType> kDtypes[] = {
    {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16}};

Error invalid(const fs::path& path, const std::string& what) {
  return {"weights_invalid", path.string() + ": " + what,
          "the file is damaged or not a safetensors file; fetch or convert it again", ""};
}

// Maps a whole file read-only; the mapping outlives the descriptor. Null when it cannot be mapped.
std::shared_ptr<const char> map_file(const fs::path& path, std::size_t size) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  if (address == MAP_FAILED) return nullptr;
  return {static_cast<const char*>(address), [size](const char* p) { ::munmap(const_cast<char*>(p), size); }};
}

// One header entry. Throws std::runtime_error (or nlohmann's) naming what is wrong.
TensorEntry parse_entry(const json& in, std::size_t data_bytes) {
  TensorEntry entry;
  const auto dtype = in.at("dtype").get<std::string>();
  const auto known =
      std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const auto& d) { return d.first == dtype; });
  if (known == std::end(kDtypes)) throw std::runtime_error("dtype " + dtype + " is not F32, F16 or BF16");
  entry.dtype = known->second;
  std::size_t bytes = c10::elementSize(entry.dtype);
  for (const json& extent : in.at("shape")) {
    if (!extent.is_number_unsigned()) throw std::runtime_error("shape is not a list of sizes");
    entry.shape.push_back(extent.get<std::int64_t>());
    if (__builtin_mul_overflow(bytes, std::size_t(entry.shape.back()), &bytes))
      throw std::runtime_error("shape is too large");
  }
  const json& offsets = in.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw std::runtime_error("data_offsets are not two positions");
  entry.begin = offsets[0].get<std::size_t>(), entry.end = offsets[1].get<std::size_t>();
  if (entry.begin > entry.end || entry.end > data_bytes)
    throw std::runtime_error("data_offsets end beyond the file");
  if (entry.end - entry.begin != bytes)
    throw std::runtime_error(
        fmt::format("{} bytes of data, but its shape needs {}", entry.end - entry.begin, bytes));
  return entry;
}

// The tensors must fill the data from first to last byte: no hole, no overlap.
bool tile_exactly(const std::map<std::string, TensorEntry>& entries, std::size_t data_bytes) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (const auto& [name, entry] : entries) spans.emplace_back(entry.begin, entry.end);
  std::sort(spans.begin(), spans.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : spans)
    if (begin != std::exchange(at, end)) return false;
  return at == data_bytes;
}
}  // namespace

Result<SafetensorsFile> SafetensorsFile::open(const fs::path& path) {
  std::error_code failed;
  const std::size_t size = fs::file_size(path, failed);
  if (failed)
    return Error{"weights_missing", path.string() + ": " + failed.message(),
                 "give a model directory with model.safetensors", ""};
  if (size < 8) return invalid(path, "too short to hold a header");
  SafetensorsFile file;
  file.path_ = path;
  file.mapping_ = map_file(path, size);
  if (!file.mapping_) return invalid(path, "cannot be mapped into memory");

  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.mapping_.get(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > size - 8)
    return invalid(path, fmt::format("states a header of {} bytes", header_bytes));
  file.data_ = 8 + header_bytes;
  const auto header = parse_json({file.mapping_.get() + 8, header_bytes});
  if (!header) return invalid(path, "header: " + header.error().message);
  if (!header->is_object()) return invalid(path, "the header is not a JSON object");
  for (const auto& [name, value] : header->items()) {
    try {
      if (name == "__metadata__") value.get_to(file.metadata_);
      else file.entries_[name] = parse_entry(value, size - file.data_);
    } catch (const std::exception& error) {
      return invalid(path, "tensor '" + name + "': " + error.what());
    }
  }
  if (!tile_exactly(file.entries_, size - file.data_)) return invalid(path, "tensors overlap or leave holes");
  return file;
}

torch::Tensor SafetensorsFile::view(const std::string& name) const {
  const TensorEntry& entry = entries_.at(name);
  char* bytes = const_cast<char*>(mapping_.get()) + data_ + entry.begin;
  return torch::from_blob(
      bytes, entry.shape, [keep = mapping_](void*) {}, torch::TensorOptions(entry.dtype));
}

Status write_safetensors(const fs::path& path, const NamedTensors& tensors,
                         const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                    [&](const auto& d) { return d.second == tensor.scalar_type(); });
    TORCH_CHECK(dtype != std::end(kDtypes), name, ": cannot be stored as ", tensor.scalar_type());
    header[name] = {{"dtype", dtype->first},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {at, at + tensor.nbytes()}}};
    at += tensor.nbytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();

  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), 8});
  file.write(text);
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor bytes = tensor.detach().cpu().contiguous();
    file.write({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()});
  }
  return file.commit();
}

}  // namespace sweetspot::worker
