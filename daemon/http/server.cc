#include "daemon/http/server.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "daemon/http/connection.h"
#include "daemon/http/event_streams.h"
#include "daemon/http/evidence_ahead.h"
#include "daemon/http/files.h"
#include "daemon/http/openapi.h"
#include "daemon/http/problem.h"
#include "daemon/http/router.h"
#include "daemon/rethrow.h"

namespace sweetspot::daemon {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
constexpr auto kPauseAfterAcceptError =
    std::chrono::milliseconds(100);  // out of descriptors or memory: it may pass
constexpr std::int64_t kFilePiece = 256 * 1024;

// What one thread of the pool answers with.
struct Lane {
  explicit Lane(Reader the_reader) : reader(std::move(the_reader)) {}
  Engine engine;
  Reader reader;
};

class Lanes {
 public:
  void add(Reader reader) { free_.push_back(std::make_unique<Lane>(std::move(reader))); }
  template <class Use>
  auto with_one(Use&& use) {
    auto lane = take();
    auto result = use(*lane);
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(lane));
    return result;
  }

 private:
  // There are as many lanes as threads, so one is free.
  std::unique_ptr<Lane> take() {
    const std::lock_guard lock(mutex_);
    auto lane = std::move(free_.back());
    free_.pop_back();
    return lane;
  }
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> free_;
};

// Threads with a lane each.
struct Crew {
  explicit Crew(int the_size) : size(the_size), pool(std::size_t(the_size)) {}
  const int size;
  Lanes lanes;
  asio::thread_pool pool;
};

// Tables may take seconds the first time: they have threads of their own, so that nothing else waits for
// them.
bool is_table(std::string_view target) { return target.find("/tables/") != target.npos; }

// Does `job` on the pool; the coroutine goes on where it was, with the job's result.
template <class Job>
asio::awaitable<Served> on_pool(asio::thread_pool& pool, Job job) {
  const auto initiate = [&pool](auto handler, Job todo) {
    asio::post(pool, [handler = std::move(handler), todo = std::move(todo)]() mutable {
      auto executor = asio::get_associated_executor(handler);
      asio::post(executor,
                 [handler = std::move(handler), served = todo()]() mutable { handler(std::move(served)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Served)>(
      initiate, asio::use_awaitable, std::move(job));
}

// The head of an answer that has no length yet.
std::string stream_head(std::string bytes) {
  constexpr std::string_view kLength = "Content-Length: 0\r\n";
  const auto at = bytes.find(kLength);
  return at == bytes.npos ? bytes : bytes.erase(at, kLength.size());
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& the_loop, HttpOptions the_options, Commands& commands)
      : loop(the_loop),
        options(std::move(the_options)),
        contract(nlohmann::json::parse(kOpenapi)),
        evidence(options.state),
        site{contract,
             commands,
             evidence,
             tables,
             load,
             options.state,
             options.devices,
             options.version,
             options.commit,
             options.limits,
             [this] { return open_streams.load(); }},
        acceptor(loop),
        crew(options.limits.threads),
        table_crew(options.limits.table_threads) {}

  Result<std::optional<std::string>> token() const;
  Result<tcp::endpoint> endpoint();
  Status open_readers();
  Status listen(const tcp::endpoint& where);
  asio::awaitable<void> accept_all();
  asio::awaitable<void> serve(std::shared_ptr<ClientConnection> connection);
  asio::awaitable<bool> send_file(std::shared_ptr<ClientConnection> connection, FileBody body);
  asio::awaitable<void> stream(std::shared_ptr<ClientConnection> connection, Served served);
  Served answer(Crew& with, RawRequest request);
  std::string refusal(const Problem& problem);
  std::string next_id() { return fmt::format("q{}", ++requests); }

  asio::io_context& loop;
  HttpOptions options;
  Contract contract;
  std::atomic<int> open_streams = 0;
  EvidenceCache evidence;
  TableCache tables;
  DeviceLoad load;
  std::unique_ptr<EvidenceAhead> ahead;
  Site site;
  std::optional<Gate> gate;
  tcp::acceptor acceptor;
  Engine front;  // for what never gets to the pool
  std::optional<EventStreams> streams;
  std::set<std::shared_ptr<ClientConnection>> connections;
  std::int64_t requests = 0;
  Crew crew, table_crew;
};

Result<std::optional<std::string>> HttpServer::Impl::token() const {
  if (options.token_file.empty()) return std::optional<std::string>();
  auto text = read_token(options.token_file);
  return text ? Result<std::optional<std::string>>(*std::move(text)) : text.error();
}

Result<tcp::endpoint> HttpServer::Impl::endpoint() {
  error_code error;
  tcp::resolver resolver(loop);
  std::string host = options.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto found = resolver.resolve(host, std::to_string(options.port), error);
  if (error || found.empty())
    return Error{"address_unusable", fmt::format("'{}' is no address of this machine.", options.host),
                 "Use --listen 127.0.0.1:8765.", ""};
  return found.begin()->endpoint();
}

Status HttpServer::Impl::open_readers() {
  for (Crew* some : {&crew, &table_crew})
    for (int i = 0; i < some->size; ++i) {
      auto reader = Reader::open(options.state);
      if (!reader) return reader.error();
      some->lanes.add(*std::move(reader));
    }
  auto for_streams = Reader::open(options.state), for_evidence = Reader::open(options.state);
  if (!for_streams) return for_streams.error();
  if (!for_evidence) return for_evidence.error();
  streams.emplace(loop, *std::move(for_streams), options.limits);
  ahead = std::make_unique<EvidenceAhead>(*std::move(for_evidence), evidence);
  return success();
}

Status HttpServer::Impl::listen(const tcp::endpoint& where) {
  error_code error;
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return success();
  acceptor.close();
  const std::string address = fmt::format("{}:{}", options.host, options.port);
  if (error == asio::error::address_in_use)
    return Error{"port_in_use", fmt::format("{} is in use by another program.", address),
                 fmt::format("Stop the daemon that runs there, or choose another port: --listen {}:{}.",
                             options.host, options.port + 1),
                 ""};
  return Error{"address_unusable", fmt::format("Cannot listen on {}: {}.", address, error.message()),
               "Use --listen 127.0.0.1:8765.", ""};
}

asio::awaitable<void> HttpServer::Impl::accept_all() {
  const auto self = shared_from_this();
  while (acceptor.is_open()) {
    error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      asio::steady_timer pause(loop, kPauseAfterAcceptError);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (int(connections.size()) - streams->count() >= options.limits.connections) {
      const std::string busy =
          refusal({503, {"too_busy", "Too many connections are open.", "", ""}, {}, {{"Retry-After", "1"}}});
      socket.non_blocking(true, error);
      socket.write_some(asio::buffer(busy), error);
      continue;
    }
    asio::co_spawn(loop, serve(std::make_shared<ClientConnection>(std::move(socket), options.limits)),
                   kRethrow);
  }
}

asio::awaitable<void> HttpServer::Impl::serve(std::shared_ptr<ClientConnection> connection) {
  const auto self = shared_from_this();
  connections.insert(connection);
  auto request = co_await connection->read_request(*gate);
  if (request && !*request) {
    const std::string bytes = refusal(request->error());
    if (co_await connection->write(bytes)) co_await connection->finish();
  } else if (request) {
    request->value().id = next_id();
    Crew& with = is_table(request->value().head.target) ? table_crew : crew;
    auto job = [this, &with, raw = *std::move(*request)]() mutable { return answer(with, std::move(raw)); };
    Served served = co_await on_pool(with.pool, std::move(job));
    if (served.stream) {
      co_await stream(connection, std::move(served));
    } else if (co_await connection->write(served.bytes)) {
      bool whole = true;
      if (served.file) whole = co_await send_file(connection, *std::move(served.file));
      if (whole) co_await connection->finish();
    }
  }
  connection->close();
  connections.erase(connection);
}

// Piece by piece, each read on the pool: a disk may be slow. False: the client went away, or the file has
// become shorter.
asio::awaitable<bool> HttpServer::Impl::send_file(std::shared_ptr<ClientConnection> connection,
                                                  FileBody body) {
  while (body.size > 0) {
    const std::int64_t size = std::min(body.size, kFilePiece);
    auto job = [body, size] { return Served{.bytes = body.file->read(body.offset, std::size_t(size))}; };
    const Served piece = co_await on_pool(crew.pool, std::move(job));
    if (std::int64_t(piece.bytes.size()) != size) co_return false;
    const bool taken = co_await connection->write(piece.bytes);
    if (!taken) co_return false;
    body.offset += size;
    body.size -= size;
  }
  co_return true;
}

asio::awaitable<void> HttpServer::Impl::stream(std::shared_ptr<ClientConnection> connection, Served served) {
  if (streams->full()) {
    const std::string bytes =
        refusal({503,
                 {"too_many_streams", "Too many event streams are open.", "Close a dashboard.", ""},
                 {},
                 {{"Retry-After", "5"}}});
    if (co_await connection->write(bytes)) co_await connection->finish();
    co_return;
  }
  ++open_streams;
  co_await streams->run(connection, stream_head(std::move(served.bytes)), *std::move(served.stream));
  --open_streams;
}

// On a thread of that crew.
Served HttpServer::Impl::answer(Crew& with, RawRequest request) {
  return with.lanes.with_one([&](Lane& lane) {
    Context context{site, lane.reader};
    return lane.engine.serve(request, [&](const Request& parsed) { return respond(context, parsed); });
  });
}

std::string HttpServer::Impl::refusal(const Problem& problem) {
  const RawRequest nothing{.id = next_id(), .head = {.method = "GET", .target = "/"}};
  return front.serve(nothing, [&](const Request& request) { return render(problem, "", request.id); }).bytes;
}

HttpServer::HttpServer(asio::io_context& loop, HttpOptions options, Commands& commands)
    : impl_(std::make_shared<Impl>(loop, std::move(options), commands)) {}

HttpServer::~HttpServer() {
  stop();
  impl_->crew.pool.join();
  impl_->table_crew.pool.join();
  impl_->ahead.reset();
}

Status HttpServer::start() {
  auto token = impl_->token();
  if (!token) return token.error();
  auto endpoint = impl_->endpoint();
  if (!endpoint) return endpoint.error();
  if (!endpoint->address().is_loopback() && !*token)
    return Error{
        "token_needed",
        fmt::format("{} can be reached from other machines, so a token is needed.", impl_->options.host),
        "Give --token-file FILE, or listen on 127.0.0.1 and use `ssh -L`.", ""};
  std::vector<std::string> names = impl_->options.allow_hosts;
  names.push_back(impl_->options.host);
  impl_->gate.emplace(std::move(names), *std::move(token));
  if (Status opened = impl_->open_readers(); !opened) return opened;
  if (Status listening = impl_->listen(*endpoint); !listening) return listening;
  asio::co_spawn(impl_->loop, impl_->accept_all(), kRethrow);
  return success();
}

std::uint16_t HttpServer::port() const {
  error_code error;
  return impl_->acceptor.local_endpoint(error).port();
}

void HttpServer::notify_events() {
  if (impl_->streams) impl_->streams->notify();
  if (impl_->ahead) impl_->ahead->notify();
}

void HttpServer::stop() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  if (impl_->streams) impl_->streams->close();
  for (const auto& connection : impl_->connections) connection->close();
}

}  // namespace sweetspot::daemon
