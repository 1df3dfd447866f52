// A model hub on loopback: answers as the real one does, keeps large files on a second host, and misbehaves
// as it is told.
#pragma once

#include <httplib.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "daemon/hub/url.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {

// A server of its own thread and port.
class Host {
 public:
  using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;
  explicit Host(Handler handler) {
    server_.Get(".*", std::move(handler));
    server_.set_keep_alive_max_count(1);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Host() {
    server_.stop();
    thread_.join();
  }
  Url url() const { return {"http", "127.0.0.1", port_, ""}; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

struct Seen {
  std::string method, path, authorization, range;
};

class FaultyHub {
 public:
  // Called in place of the honest answer to "METHOD /path"; each is used once.
  using Fault = std::function<void(const httplib::Request&, httplib::Response&)>;

  static constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

  FaultyHub()
      : storage_([this](const auto& request, auto& response) { serve_stored(request, response); }),
        hub_([this](const auto& request, auto& response) { serve(request, response); }) {}

  Url url() const { return hub_.url(); }
  Url storage_url() const { return storage_.url(); }

  void put(const std::string& file, const std::string& bytes) { files_[file] = bytes; }
  void put_large(const std::string& file, const std::string& bytes) { large_[file] = bytes; }
  void remove_large(const std::string& file) { large_.erase(file); }
  void fault(const std::string& request, Fault fault) {
    const std::lock_guard lock(mutex_);
    faults_[request].push_back(std::move(fault));
  }
  // Of the hub and of the host of large files.
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::vector<Seen> seen_at_storage() const {
    const std::lock_guard lock(mutex_);
    return seen_at_storage_;
  }

  // Sends `bytes` of what was announced and closes the connection.
  static Fault cut_after(const std::string& whole, std::size_t bytes) {
    return [=](const httplib::Request& request, httplib::Response& response) {
      std::size_t begin = 0;
      if (!request.ranges.empty()) begin = std::size_t(request.ranges.front().first);
      response.status = begin ? 206 : 200;
      if (begin)
        response.set_header("Content-Range", "bytes " + std::to_string(begin) + "-" +
                                                 std::to_string(whole.size() - 1) + "/" +
                                                 std::to_string(whole.size()));
      const_cast<httplib::Request&>(request).ranges.clear();  // httplib would cut the range out once more
      response.set_content_provider(whole.size() - begin, "application/octet-stream",
                                    [=](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                      if (offset >= bytes) return false;
                                      sink.write(whole.data() + begin, std::min(bytes, whole.size() - begin));
                                      return true;
                                    });
    };
  }
  static Fault status(int status, const std::string& code = "") {
    return [=](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      if (!code.empty()) response.set_header("X-Error-Code", code);
    };
  }

 private:
  bool misbehaves(const httplib::Request& request, httplib::Response& response, std::vector<Seen>& seen) {
    Fault fault;
    {
      const std::lock_guard lock(mutex_);
      seen.push_back({request.method, request.path, request.get_header_value("Authorization"),
                      request.get_header_value("Range")});
      auto& waiting = faults_[request.method + " " + request.path];
      if (waiting.empty()) return false;
      fault = std::move(waiting.front());
      waiting.pop_front();
    }
    fault(request, response);
    return true;
  }

  void serve(const httplib::Request& request, httplib::Response& response) {
    if (misbehaves(request, response, seen_)) return;
    if (request.path.starts_with("/api/models/a/b/revision/")) return list(response);
    const std::string prefix = std::string("/a/b/resolve/") + kCommit + "/";
    if (!request.path.starts_with(prefix)) return status(404, "RepoNotFound")(request, response);
    const std::string name = request.path.substr(prefix.size());
    response.set_header("X-Repo-Commit", kCommit);
    if (const auto large = large_.find(name); large != large_.end()) {
      response.status = 302;
      response.set_header("Location", storage_.url().origin() + "/blobs/" + name + "?signed=yes");
      response.set_header("X-Linked-Etag", "\"" + sha256_hex(large->second) + "\"");
      response.set_header("X-Linked-Size", std::to_string(large->second.size()));
    } else if (const auto small = files_.find(name); small != files_.end()) {
      response.set_header("ETag", "\"" + std::string(8, 'a') + std::to_string(small->second.size()) + "\"");
      response.set_content(small->second, "text/plain");
    } else {
      status(404, "EntryNotFound")(request, response);
    }
  }

  void list(httplib::Response& response) const {
    nlohmann::json siblings = nlohmann::json::array();
    for (const auto* files : {&files_, &large_})
      for (const auto& [name, bytes] : *files) siblings.push_back({{"rfilename", name}});
    response.set_content(nlohmann::json{{"sha", kCommit}, {"siblings", siblings}}.dump(), "application/json");
  }

  void serve_stored(const httplib::Request& request, httplib::Response& response) {
    if (misbehaves(request, response, seen_at_storage_)) return;
    const auto found = large_.find(request.path.substr(std::string("/blobs/").size()));
    if (found == large_.end()) return status(403)(request, response);
    response.set_header("ETag", "\"of-the-storage\"");
    response.set_content(found->second,
                         "application/octet-stream");  // httplib cuts out what a Range asks for
  }

  std::map<std::string, std::string> files_, large_;
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Fault>> faults_;
  std::vector<Seen> seen_, seen_at_storage_;
  Host storage_, hub_;
};

}  // namespace sweetspot::daemon
