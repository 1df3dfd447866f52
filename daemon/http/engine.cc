#include "daemon/http/engine.h"

#include <fmt/format.h>
#include <httplib.h>

#include <cstring>

#include "daemon/http/problem.h"

namespace sweetspot::daemon {
namespace {

class MemoryStream : public httplib::Stream {
 public:
  explicit MemoryStream(std::string input) : input_(std::move(input)) {}
  bool is_readable() const override { return position_ < input_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override {
    size = std::min(size, input_.size() - position_);
    std::memcpy(bytes, input_.data() + position_, size);
    position_ += size;
    return ssize_t(size);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    output.append(bytes, size);
    return ssize_t(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string output;

 private:
  std::string input_;
  std::size_t position_ = 0;
};

// On every answer, the dashboard's included. Its scripts and styles are files of ours.
const httplib::Headers kSecurityHeaders = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
     "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"}};

Response guarded(const Engine::Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{} {} {}: {}\n", request.id, request.method, request.path, error.what());
  }
  return render(
      {500, {"internal", "The daemon failed to answer this.", "Look for the request id in its log.", ""}},
      request.path, request.id);
}

void write_down(const Response& answer, httplib::Response& response) {
  response.status = answer.status;
  for (const auto& [name, value] : kSecurityHeaders) response.set_header(name, value);
  bool may_be_cached = false;
  for (const auto& [name, value] : answer.headers) {
    response.set_header(name, value);
    may_be_cached = may_be_cached || name == "Cache-Control";
  }
  if (!may_be_cached) response.set_header("Cache-Control", "no-store");
  if (answer.file) {
    response.set_header("Content-Type", answer.content_type);
    response.set_header("Content-Length", std::to_string(answer.file->size));
  } else if (!answer.content_type.empty()) {
    response.set_content(answer.body, answer.content_type);
  }
}

}  // namespace

class Engine::Server : private httplib::Server {
 public:
  Server() {
    const auto answer = [this](const httplib::Request& plain, httplib::Response& response) {
      Request request{.id = current_->id,
                      .method = current_->head.method,
                      .path = plain.path,
                      .query = {plain.params.begin(), plain.params.end()},
                      .headers = current_->head.headers,
                      .body = plain.body};
      const Response given = guarded(*handler_, request);
      stream_ = given.stream;
      if (request.method == "GET") file_ = given.file;
      write_down(given, response);
    };
    Get(R"([\s\S]*)", answer);  // all paths: '.' would leave those with a line feed to httplib
    Post(R"([\s\S]*)", answer);
  }

  Served serve(const RawRequest& request, const Engine::Handler& handler) {
    current_ = &request;
    handler_ = &handler;
    stream_.reset();
    file_.reset();
    // HEAD keeps its meaning, an answer without its body; else the method only says whether there is a body.
    const char* method = request.head.method == "HEAD" ? "HEAD" : request.body.empty() ? "GET" : "POST";
    MemoryStream stream(fmt::format("{} {} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", method,
                                    request.head.target, request.body.size(), request.body));
    bool closed = false;
    process_request(stream, true, closed, nullptr);
    return {std::move(stream.output), std::move(stream_), std::move(file_)};
  }

 private:
  const RawRequest* current_ = nullptr;
  const Engine::Handler* handler_ = nullptr;
  std::optional<EventFilter> stream_;
  std::optional<FileBody> file_;
};

Engine::Engine() : server_(std::make_unique<Server>()) {}
Engine::~Engine() = default;

Served Engine::serve(const RawRequest& request, const Handler& handler) {
  return server_->serve(request, handler);
}

}  // namespace sweetspot::daemon
