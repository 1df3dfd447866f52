// A server on a loopback port of the kernel's choice, over a real store in a directory of its own, with
// models and corpora that are there by name only. It ends with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "daemon/http/server.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace sweetspot::daemon {

// Commands carried out on the store alone, without a reactor; actions are written down and answered as told.
class StoreCommands : public Commands {
 public:
  explicit StoreCommands(Store the_store) : store(std::move(the_store)) {}
  Result<SweepId> submit(SubmitRequest request) override {
    const std::lock_guard lock(mutex);
    auto added = store.insert_sweep(request);
    return added ? Result<SweepId>(added->sweep.id) : added.error();
  }
  Result<SweepId> import_results(ImportRequest request) override {
    const std::lock_guard lock(mutex);
    auto added = store.insert_imported(request);
    return added ? Result<SweepId>(added->sweep.id) : added.error();
  }
  Status edit_sweep(SweepId sweep, SweepEdit edit) override {
    const std::lock_guard lock(mutex);
    return store.edit_sweep(sweep, edit);
  }
  Status remove_sweep(SweepId sweep) override {
    const std::lock_guard lock(mutex);
    return store.remove_sweep(sweep);
  }
  Result<std::vector<RunOutcome>> act_on_sweep(SweepId, Action action,
                                               std::vector<RunState> states) override {
    const std::lock_guard lock(mutex);
    actions.push_back(action);
    action_states = states;
    return std::vector<RunOutcome>{{RunId{1}, true, ""}, {RunId{2}, false, "it is over"}};
  }
  Result<RunOutcome> act_on_run(RunId run, Action) override {
    return RunOutcome{run, run_changes, "it is over"};
  }
  Status edit_run(RunId run, RunEdit edit) override {
    const std::lock_guard lock(mutex);
    return store.edit_run(run, edit);
  }
  Status act_on_device(std::string device, Action) override {
    if (device == "cpu:0") return success();
    return Error{"not_found", "there is no device " + device, "", ""};
  }

  std::mutex mutex;
  Store store;
  std::vector<Action> actions;
  std::vector<RunState> action_states;
  bool run_changes = true;
};

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names as sent
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
  nlohmann::json at(const std::string& key) const { return json().at(key); }  // a copy: safe in a range-for
};

class LiveServer : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/sweetspot-http-XXXXXX";
    directory_ = mkdtemp(pattern);
    auto store = Store::open(directory_ / "state");
    ASSERT_TRUE(store) << store.error().message;
    commands_ = std::make_unique<StoreCommands>(*std::move(store));
    limits_.head_time = std::chrono::milliseconds(300);
    limits_.request_time = std::chrono::milliseconds(600);
    limits_.heartbeat = std::chrono::milliseconds(200);
    limits_.connections = 20;
    limits_.streams = 3;
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(directory_);
  }

  void start() {
    server_ = std::make_unique<HttpServer>(
        loop_, HttpOptions{.port = 0, .state = directory_ / "state", .devices = devices_, .version = "0.1.0", .limits = limits_},
        *commands_);
    const Status started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(loop_, [this] { server_->stop(); });
    thread_.join();  // run() returns once no socket and no timer is left
    server_.reset();
  }
  void notify() {
    asio::post(loop_, [this] { server_->notify_events(); });
  }

  asio::ip::tcp::socket connect() {
    asio::ip::tcp::socket socket(client_);
    socket.connect({asio::ip::address_v4::loopback(), port_});
    return socket;
  }
  // Everything that comes until the server closes.
  static std::string read_all(asio::ip::tcp::socket& socket) {
    std::string bytes;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(bytes), error);
    return bytes;
  }
  Reply raw(const std::string& bytes) {
    auto socket = connect();
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
    return parse(read_all(socket));
  }
  Reply ask(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& headers = "Content-Type: application/json\r\n") {
    return raw(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  Reply get(const std::string& target) { return ask("GET", target); }
  static Reply parse(const std::string& bytes) {
    Reply reply;
    const auto head_end = bytes.find("\r\n\r\n");
    if (bytes.size() < 12 || head_end == bytes.npos) return reply;
    reply.status = std::stoi(bytes.substr(9, 3));
    reply.body = bytes.substr(head_end + 4);
    for (std::size_t at = bytes.find("\r\n") + 2; at < head_end;) {
      const auto end = bytes.find("\r\n", at), colon = bytes.find(": ", at);
      reply.headers[bytes.substr(at, colon - at)] = bytes.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return reply;
  }

  // A sweep of 4 depths x en, da x LoRA off, on over models that exist as directories.
  nlohmann::json sweep_file() {
    namespace fs = std::filesystem;
    for (const char* model : {"encoder", "llm"}) {
      fs::create_directories(directory_ / model);
      std::ofstream(directory_ / model / "config.json") << R"({"d_model": 8, "encoder_layers": 8})";
      std::ofstream(directory_ / model / "model.safetensors");
    }
    for (const char* split : {"train", "dev", "test"}) {
      fs::create_directories(directory_ / "corpus");
      std::ofstream(directory_ / "corpus" / (std::string(split) + ".tsv"));
    }
    const nlohmann::json corpus = {{"format", "common-voice"}, {"path", (directory_ / "corpus").string()}};
    return {{"name", "first"},
            {"axes",
             {{"encoder", {(directory_ / "encoder").string()}},
              {"layers", {8, 6, 4, 2}},
              {"language", {"en", "da"}},
              {"lora", {false, true}}}},
            {"corpora", {{"en", corpus}, {"da", corpus}}},
            {"llm", (directory_ / "llm").string()}};
  }
  std::string submit() {
    const Reply reply = ask("POST", "/api/v1/sweeps", sweep_file().dump());
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.status == 201 ? reply.json()["id"].get<std::string>() : "";
  }
  // Changes rows as the daemon would have done in time.
  template <class... Values>
  void sql(const std::string& text, const Values&... values) {
    const std::lock_guard lock(commands_->mutex);
    auto database = Database::open_for_writing(directory_ / "state" / "sweetspot.db");
    ASSERT_TRUE(database) << database.error().message;
    const Status done = database->run(text, values...);
    ASSERT_TRUE(done) << done.error().message << " in " << text;
  }

  std::filesystem::path directory_;
  HttpLimits limits_;
  std::vector<std::string> devices_ = {"cpu:0"};
  std::unique_ptr<StoreCommands> commands_;
  asio::io_context loop_, client_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

}  // namespace sweetspot::daemon
