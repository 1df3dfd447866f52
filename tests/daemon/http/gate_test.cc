#include "daemon/http/gate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
const std::string kToken = "0123456789abcdef0123456789abcdef";

RequestHead head(std::map<std::string, std::string> headers, std::string target = "/api/v1/runs") {
  headers.emplace("host", "localhost:8765");
  return {.method = "GET", .target = std::move(target), .headers = std::move(headers)};
}

int status_of(const Gate& gate, const RequestHead& request) {
  const auto problem = gate.refuses(request);
  return problem ? problem->status : 200;
}

TEST(Gate, AnswersToLoopbackAndToNamesItWasGiven) {
  const Gate gate({"gpu-box"}, std::nullopt);
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765", "[::1]", "gpu-box:8765"})
    EXPECT_EQ(status_of(gate, head({{"host", host}})), 200) << host;
}

TEST(Gate, RefusesOtherNames) {
  const Gate gate({}, std::nullopt);
  for (const char* host :
       {"evil.example", "evil.example:8765", "127.0.0.1.nip.io", "0.0.0.0:8765", "localhost.",
        "user@localhost", "%6cocalhost", "localhost:8765:1", "localhost:", "[::1", "::1"})
    EXPECT_EQ(status_of(gate, head({{"host", host}})), 421) << host;
  EXPECT_EQ(status_of(gate, head({{"host", ""}})), 400);
}

TEST(Gate, RefusesPagesOfOtherOrigins) {
  const Gate gate({}, std::nullopt);
  EXPECT_EQ(status_of(gate, head({{"origin", "http://localhost:8765"}})), 200);
  for (const char* origin :
       {"null", "http://evil.example", "http://localhost:9999", "http://localhost", "file://"})
    EXPECT_EQ(status_of(gate, head({{"origin", origin}})), 403) << origin;
  EXPECT_EQ(status_of(gate, head({{"sec-fetch-site", "same-origin"}})), 200);
  EXPECT_EQ(status_of(gate, head({{"sec-fetch-site", "cross-site"}})), 403);
  EXPECT_EQ(status_of(gate, head({{"sec-fetch-site", "same-site"}})), 403);
  EXPECT_EQ(status_of(gate, head({{"sec-fetch-site", "cross-site"}, {"origin", "http://localhost:8765"}})),
            403);
}

TEST(Gate, BehindAReverseProxyTheBrowsersWordCounts) {
  const Gate gate({}, std::nullopt);
  EXPECT_EQ(status_of(gate, head({{"sec-fetch-site", "same-origin"}, {"origin", "https://lab.example"}})), 200);
  EXPECT_EQ(status_of(gate, head({{"origin", "https://lab.example"}})), 403);
}

TEST(Gate, LetsALinkFromElsewhereOpenTheDashboard) {
  const Gate gate({}, std::nullopt);
  RequestHead link = head({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}, "/");
  EXPECT_EQ(status_of(gate, link), 200);
  link.method = "POST";
  EXPECT_EQ(status_of(gate, link), 403);
}

TEST(Gate, AsksForTheTokenEverywhereButForHealthAndTheDashboardsFiles) {
  const Gate gate({}, kToken);
  for (const char* target : {"/api/v1/runs", "/api/openapi.json", "/metrics", "/readyz", "/api/v1/events"}) {
    EXPECT_EQ(status_of(gate, head({}, target)), 401) << target;
    EXPECT_EQ(status_of(gate, head({{"authorization", "Bearer " + kToken}}, target)), 200) << target;
    EXPECT_EQ(status_of(gate, head({{"authorization", "Bearer " + kToken + "x"}}, target)), 401) << target;
    EXPECT_EQ(status_of(gate, head({{"authorization", kToken}}, target)), 401) << target;
  }
  EXPECT_EQ(status_of(gate, head({}, "/healthz")), 200);
  EXPECT_EQ(status_of(gate, head({}, "/assets/index.js")), 200);
}

class TokenFile : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/sweetspot-token-XXXXXX";
    directory_ = mkdtemp(pattern);
    file_ = directory_ / "token";
  }
  void TearDown() override { fs::remove_all(directory_); }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
  }
  fs::path directory_, file_;
};

TEST_F(TokenFile, IsReadWithoutItsNewline) {
  write(kToken + "\n", 0600);
  const auto token = read_token(file_);
  ASSERT_TRUE(token);
  EXPECT_EQ(*token, kToken);
}

TEST_F(TokenFile, ThatOthersCanReadIsRefused) {
  write(kToken, 0640);
  ASSERT_FALSE(read_token(file_));
  EXPECT_EQ(read_token(file_).error().code, "token_unsafe");
}

TEST_F(TokenFile, ThatIsShortOrALinkOrMissingIsRefused) {
  EXPECT_FALSE(read_token(file_));
  write("short", 0600);
  EXPECT_FALSE(read_token(file_));
  write(kToken, 0600);
  fs::create_symlink(file_, directory_ / "link");
  EXPECT_FALSE(read_token(directory_ / "link"));
  EXPECT_FALSE(read_token(directory_));
}

}  // namespace
}  // namespace sweetspot::daemon
