#include "daemon/http/server.h"

#include <chrono>

#include "daemon/http/contract.h"
#include "daemon/http/openapi.h"
#include "daemon/http/router.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;
using Server = LiveServer;
constexpr const char* kGet = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";

TEST(Contract, AndRouteTableNameTheSameRoutes) {
  const Contract contract(nlohmann::json::parse(kOpenapi));
  std::set<std::vector<std::string>> promised, served;
  for (const auto& operation : contract.operations())
    promised.insert({operation.method, operation.path, operation.id});
  for (const Route& route : routes())
    served.insert({std::string(route.method), std::string(route.pattern), std::string(route.operation)});
  EXPECT_EQ(promised, served);
  EXPECT_GT(served.size(), 30u);
}

TEST_F(Server, AnswersAndClosesWithSecurityHeaders) {
  start();
  const Reply reply = get("/healthz");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["status"], "ok");
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_EQ(reply.headers.at("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(reply.headers.at("Cache-Control"), "no-store");
  EXPECT_NE(reply.headers.at("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
}

TEST_F(Server, HeadIsGetWithoutItsBody) {
  start();
  const Reply reply = ask("HEAD", "/api/v1/version");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(ask("HEAD", "/api/v1/events").status, 200);
}

TEST_F(Server, NamesTheMethodsThatExist) {
  start();
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"}) {
    const Reply reply = ask(method, "/api/v1/sweeps");
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.headers.at("Allow"), "POST, GET, HEAD") << method;
    EXPECT_EQ(reply.json()["code"], "method_not_allowed");
  }
}

TEST_F(Server, ProblemsSayWhatWhereAndWhatNext) {
  start();
  const Reply reply = get("/api/v1/sweeps/sw_99");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.headers.at("Content-Type"), "application/problem+json");
  const auto problem = reply.json();
  EXPECT_EQ(problem["status"], 404);
  EXPECT_EQ(problem["code"], "not_found");
  EXPECT_EQ(problem["instance"], "/api/v1/sweeps/sw_99");
  EXPECT_NE(problem["detail"].get<std::string>().find("sw_99"), std::string::npos);
  EXPECT_FALSE(problem["request_id"].get<std::string>().empty());
}

TEST_F(Server, RefusesUnknownAndImpossibleParameters) {
  start();
  for (const char* target :
       {"/api/v1/runs?stat=failed", "/api/v1/runs?limit=0", "/api/v1/runs?limit=1001", "/api/v1/runs?limit=x",
        "/api/v1/runs?limit=1&limit=2", "/api/v1/runs?state=done", "/api/v1/runs?sort=name",
        "/api/v1/runs?cursor=AAAA", "/api/v1/runs?sweep=x", "/api/v1/runs?lora=yes",
        "/api/v1/events?topics=nothing", "/healthz?x=1"}) {
    const Reply reply = get(target);
    EXPECT_EQ(reply.status, 400) << target;
    EXPECT_FALSE(reply.json()["detail"].get<std::string>().empty()) << target;
  }
}

TEST_F(Server, RefusesPathsThatNoPathHereHas) {
  start();
  for (const char* path : {"/%2e%2e/etc/passwd", "/..%2fetc", "/a%00b", "/a%255c", "/a%0ab",
                           "/api/v1/runs/%0A", "/assets/..%5cx"})
    EXPECT_EQ(get(path).status, 400) << path;
  EXPECT_EQ(get("/../etc/passwd").status, 400);
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/nothing").status, 404);
  EXPECT_EQ(get("/" + std::string(257, 'a')).status, 414);
}

TEST_F(Server, TakesNoHostileBody) {
  start();
  EXPECT_EQ(raw("POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                .status,
            411);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", "x", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n")
                .status,
            415);
  EXPECT_EQ(
      ask("POST", "/api/v1/sweeps", "a=1", "Content-Type: application/x-www-form-urlencoded\r\n").status,
      415);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", "x", "Content-Type: multipart/form-data; boundary=x\r\n").status,
            415);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", "").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", "{").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", R"({"name": "a", "name": "b"})").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", std::string(100'000, '[')).status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", "[1]").status, 422);
  EXPECT_EQ(ask("GET", "/healthz", "x").status, 400);
}

TEST_F(Server, TellsAClientThatItsBodyIsTooLarge) {
  start();
  const Reply reply = ask("POST", "/api/v1/sweeps", std::string(2 * 1024 * 1024, 'x'));
  EXPECT_EQ(reply.status, 413) << "the answer must arrive although the body was not read";
}

TEST_F(Server, ARejectedBodyIsNeverTheNextRequest) {
  start();
  auto socket = connect();
  const std::string smuggled = std::string(kGet) + "\r\n";
  asio::write(socket, asio::buffer("GET /nothing HTTP/1.1\r\nHost: evil.example\r\nContent-Length: " +
                                   std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled));
  const std::string all = read_all(socket);
  EXPECT_EQ(all.find("HTTP/1.1 421"), 0u);
  EXPECT_EQ(all.find("HTTP/1.1", 1), all.npos) << "one answer only";
}

TEST_F(Server, TwoRequestsAtOnceAreRefused) {
  start();
  EXPECT_EQ(raw(std::string(kGet) + "\r\n" + kGet + "\r\n").status, 400);
}

TEST_F(Server, AHeadWithoutAnEndIsCutOff) {
  start();
  EXPECT_EQ(raw(std::string(100'000, 'a')).status, 431);
}

TEST_F(Server, ASlowHeadIsCutOff) {
  start();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(raw("GET /healthz HTTP/1.1\r\n").status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(Server, DrippingDoesNotBuyTime) {
  start();
  auto socket = connect();
  boost::system::error_code error;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200 && !error; ++i) {
    asio::write(socket, asio::buffer("G", 1), error);
    std::this_thread::sleep_for(20ms);
    if (socket.available(error) > 0) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_EQ(parse(read_all(socket)).status, 408);
}

TEST_F(Server, ASlowBodyIsCutOff) {
  start();
  EXPECT_EQ(raw("POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{").status,
            408);
}

TEST_F(Server, AnswersOthersWhileManyDrip) {
  limits_.head_time = 5s;
  start();
  std::vector<asio::ip::tcp::socket> idle;
  for (int i = 0; i < 15; ++i) {
    idle.push_back(connect());
    asio::write(idle.back(), asio::buffer("GET /", 5));
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
}

TEST_F(Server, BeyondItsConnectionsItIsBusy) {
  limits_.head_time = 5s;
  limits_.connections = 3;
  start();
  std::vector<asio::ip::tcp::socket> idle;
  for (int i = 0; i < 3; ++i) idle.push_back(connect());
  auto socket = connect();  // nothing sent, so that nothing can be reset
  const Reply reply = parse(read_all(socket));
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.headers.contains("Retry-After"));
  idle.clear();
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Server, SaysWhichPortIsInUse) {
  start();
  HttpServer second(loop_, {.port = port_, .state = directory_ / "state"}, *commands_);
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, "port_in_use");
  EXPECT_NE(status.error().message.find(std::to_string(port_)), std::string::npos);
  EXPECT_NE(status.error().hint.find("--listen"), std::string::npos);
}

TEST_F(Server, NeedsATokenBeyondLoopback) {
  HttpServer open(loop_, {.host = "0.0.0.0", .port = 0, .state = directory_ / "state"}, *commands_);
  const Status status = open.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, "token_needed");
}

TEST_F(Server, ServesItsContractItsMetricsAndThePage) {
  start();
  const auto openapi = get("/api/openapi.json").json();
  EXPECT_EQ(openapi["openapi"], "3.1.0");
  const auto& schemas = openapi["components"]["schemas"];
  EXPECT_TRUE(schemas["SweepFile"]["properties"].contains("axes")) << "the sweep file is described as well";
  EXPECT_EQ(openapi.dump().find("#/$defs/"), std::string::npos);
  EXPECT_EQ(get("/api/sweep.schema.json").json()["title"], "Sweep");
  EXPECT_NE(get("/metrics").body.find("sweetspot_runs{state=\"queued\"} 0"), std::string::npos);
  EXPECT_EQ(get("/readyz").status, 200);
  const Reply page = ask("GET", "/", "", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.headers.at("Content-Type").find("text/html"), std::string::npos);
  const Reply again =
      ask("GET", "/", "", "Accept-Encoding: gzip\r\nIf-None-Match: " + page.headers.at("ETag") + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(ask("POST", "/", "", "").status, 405);
}

}  // namespace
}  // namespace sweetspot::daemon
