#include "worker/link/line_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sweetspot::worker {

std::optional<LineSocket> LineSocket::connect(const std::filesystem::path& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.native().size() >= sizeof address.sun_path) return std::nullopt;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  LineSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::nullopt;
  return socket;
}

LineSocket::~LineSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool LineSocket::receive() {
  std::array<char, 65536> chunk;
  while (true) {
    const auto count = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (count > 0) incoming_.append(chunk.data(), std::size_t(count));
    else if (count < 0 && errno == EINTR) continue;
    else return count < 0 && errno == EAGAIN;
  }
}

std::optional<std::string> LineSocket::next_line() {
  const auto end = incoming_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = incoming_.substr(0, end);
  incoming_.erase(0, end + 1);
  return line;
}

bool LineSocket::flush() {
  while (!outgoing_.empty()) {
    const auto count = ::send(descriptor_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (count > 0) outgoing_.erase(0, std::size_t(count));
    else if (count < 0 && errno == EINTR) continue;
    else return count < 0 && errno == EAGAIN;
  }
  return true;
}

}  // namespace sweetspot::worker
