// Lines over a Unix socket, never waiting: what cannot be read or written now is left for the next poll().
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace sweetspot::worker {

class LineSocket {
 public:
  // nullopt: nobody listens there.
  static std::optional<LineSocket> connect(const std::filesystem::path& path);
  LineSocket(LineSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        incoming_(std::move(other.incoming_)),
        outgoing_(std::move(other.outgoing_)) {}
  LineSocket& operator=(LineSocket&&) = delete;
  ~LineSocket();

  int descriptor() const { return descriptor_; }

  bool receive();                          // takes in what has come; false: the connection is over
  std::optional<std::string> next_line();  // of what was taken in

  void write_line(const std::string& line) { outgoing_ += line + '\n'; }
  bool flush();  // false: the connection is over
  bool has_more_to_write() const { return !outgoing_.empty(); }

 private:
  explicit LineSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  std::string incoming_, outgoing_;
};

}  // namespace sweetspot::worker
