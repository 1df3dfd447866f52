#include "daemon/hub/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "schemas/model_directory.h"
#include "tests/daemon/hub/faulty_hub.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class FetchTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) unsetenv(name);
    setenv("HF_HUB_CACHE", cache_.path().c_str(), 1);
    hub_.put("config.json", "{}");
    hub_.put("tokenizer.json", "{\"model\": {}}");
    hub_.put("README.md", "not wanted");
    hub_.put("pytorch_model.bin", "not wanted");
    hub_.put("model.fp32-00001-of-00001.safetensors", "not wanted");
    hub_.put_large("model.safetensors", weights_);
  }
  void TearDown() override { unsetenv("HF_HUB_CACHE"); }

  Result<FetchedModel> fetch(const std::string& model = "a/b") {
    HubClient client({.endpoint = hub_.url(),
                      .token = "hf_secret",
                      .stall_timeout = std::chrono::seconds(20),
                      .backoff = std::chrono::milliseconds(1),
                      .tries = 3});
    return fetch_model(client, model, [](const FetchProgress&) {});
  }
  void expect_error(const std::string& code, const std::string& words, const std::string& model = "a/b") {
    const auto result = fetch(model);
    ASSERT_FALSE(result) << code;
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(words));
    EXPECT_FALSE(result.error().hint.empty());
    EXPECT_THAT(result.error().message + result.error().hint, testing::Not(HasSubstr("hf_secret")));
    EXPECT_FALSE(model_directory("a/b")) << "half a model must not be found";
  }
  fs::path folder() const { return cache_.path() / "models--a--b"; }
  fs::path snapshot() const { return folder() / "snapshots" / FaultyHub::kCommit; }
  static std::string stored(const char* file) { return std::string("GET /blobs/") + file; }
  static std::string at_hub(const char* method, const char* file) {
    return std::string(method) + " /a/b/resolve/" + FaultyHub::kCommit + "/" + file;
  }

  const TemporaryDirectory cache_;
  FaultyHub hub_;
  const std::string weights_ = [] {
    std::string bytes;
    for (int i = 0; i < 300'000; ++i) bytes += char(i * 7 + i / 251);
    return bytes;
  }();
};

TEST_F(FetchTest, FillsTheCacheAsHuggingFaceLaysItOut) {
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->files, (std::vector<std::string>{"config.json", "tokenizer.json", "model.safetensors"}));
  EXPECT_EQ(fetched->directory, snapshot());
  EXPECT_EQ(fetched->bytes, weights_.size() + 15);
  EXPECT_EQ(text_of(folder() / "refs/main"), FaultyHub::kCommit);
  const fs::path link = fs::read_symlink(snapshot() / "model.safetensors");
  EXPECT_EQ(link, fs::path("../../blobs") / sha256_hex(weights_));
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
  EXPECT_FALSE(fs::exists(snapshot() / "README.md"));
  EXPECT_EQ(*model_directory("a/b"), snapshot());
  EXPECT_TRUE(weight_files(snapshot()));
  for (const auto& entry : fs::directory_iterator(folder() / "blobs"))
    EXPECT_NE(entry.path().extension(), ".incomplete") << entry.path();
}

TEST_F(FetchTest, FetchesNothingTwice) {
  ASSERT_TRUE(fetch());
  const std::size_t before = hub_.seen().size();
  const auto again = fetch();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fetched, 0u);
  EXPECT_EQ(hub_.seen().size(), before + 1) << "the list alone";
}

TEST_F(FetchTest, TellsTheTokenToTheHubAlone) {
  ASSERT_TRUE(fetch());
  for (const Seen& request : hub_.seen())
    EXPECT_EQ(request.authorization, "Bearer hf_secret") << request.path;
  ASSERT_EQ(hub_.seen_at_storage().size(), 1u);
  EXPECT_EQ(hub_.seen_at_storage()[0].authorization, "");
}

TEST_F(FetchTest, FollowsRedirectsWithinTheHub) {
  hub_.fault(at_hub("HEAD", "config.json"), [&](const httplib::Request&, httplib::Response& response) {
    response.set_redirect("/a/b/resolve/" + std::string(FaultyHub::kCommit) + "/tokenizer.json", 307);
    response.set_header("X-Linked-Size", "13");
  });
  hub_.fault(at_hub("GET", "config.json"), [&](const httplib::Request&, httplib::Response& response) {
    response.set_redirect("/a/b/resolve/" + std::string(FaultyHub::kCommit) + "/tokenizer.json", 307);
  });
  ASSERT_TRUE(fetch());
  EXPECT_EQ(text_of(snapshot() / "config.json"), "{\"model\": {}}");
}

TEST_F(FetchTest, FetchesTheShardsThatTheIndexNames) {
  EXPECT_EQ(wanted_files("a/b", {"config.json", "model.safetensors", "model.safetensors.index.json"})->back(),
            "model.safetensors")
      << "as the loader prefers";
  hub_.remove_large("model.safetensors");
  hub_.put(
      "model.safetensors.index.json",
      R"({"weight_map": {"x": "model-2.safetensors", "y": "model-1.safetensors", "z": "model-2.safetensors"}})");
  hub_.put_large("model-1.safetensors", "one"), hub_.put_large("model-2.safetensors", "two");
  hub_.put_large("model-3.safetensors", "of another precision");
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(*weight_files(snapshot()),
            (std::vector{snapshot() / "model-1.safetensors", snapshot() / "model-2.safetensors"}));
  EXPECT_FALSE(fs::exists(snapshot() / "model-3.safetensors"));
}

TEST_F(FetchTest, RefusesAnIndexThatNamesOtherFiles) {
  hub_.remove_large("model.safetensors");
  hub_.put("model.safetensors.index.json", R"({"weight_map": {"x": "../../../x.safetensors"}})");
  expect_error("weights_mismatch", "model.safetensors.index.json");
}

TEST_F(FetchTest, ResumesWhereTheConnectionWasCut) {
  hub_.fault(stored("model.safetensors"), FaultyHub::cut_after(weights_, 100'000));
  hub_.fault(stored("model.safetensors"), FaultyHub::cut_after(weights_, 50'000));
  ASSERT_TRUE(fetch());
  const auto seen = hub_.seen_at_storage();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].range, "");
  EXPECT_EQ(seen[1].range, "bytes=100000-");
  EXPECT_EQ(seen[2].range, "bytes=150000-");
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
}

TEST_F(FetchTest, TakesUpWhatAnEarlierCallLeft) {
  const fs::path incomplete = folder() / "blobs" / (sha256_hex(weights_) + ".incomplete");
  fs::create_directories(incomplete.parent_path());
  std::ofstream(incomplete, std::ios::binary) << weights_.substr(0, 123'456);
  ASSERT_TRUE(fetch());
  EXPECT_EQ(hub_.seen_at_storage()[0].range, "bytes=123456-");
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
}

TEST_F(FetchTest, StartsOverWhenTheFirstPartWasBad) {
  const fs::path incomplete = folder() / "blobs" / (sha256_hex(weights_) + ".incomplete");
  fs::create_directories(incomplete.parent_path());
  std::ofstream(incomplete, std::ios::binary) << std::string(100'000, 'x');
  ASSERT_TRUE(fetch());
  EXPECT_EQ(hub_.seen_at_storage().size(), 2u);
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
  std::ofstream(incomplete, std::ios::binary) << weights_ << "more than there is";
  fs::remove(folder() / "blobs" / sha256_hex(weights_));
  fs::remove(snapshot() / "model.safetensors");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
}

TEST_F(FetchTest, StartsOverWhenTheServerKnowsNoRanges) {
  hub_.fault(stored("model.safetensors"), FaultyHub::cut_after(weights_, 100'000));
  hub_.fault(stored("model.safetensors"), [&](const httplib::Request& request, httplib::Response& response) {
    const_cast<httplib::Request&>(request).ranges.clear();
    response.status = 200;
    response.set_content(weights_, "application/octet-stream");
  });
  ASSERT_TRUE(fetch());
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), weights_);
}

TEST_F(FetchTest, WaitsForAHubThatIsFailingAndGivesUpInTheEnd) {
  hub_.fault("GET /api/models/a/b/revision/main", FaultyHub::status(503));
  hub_.fault(at_hub("HEAD", "config.json"), FaultyHub::status(502));
  hub_.fault(stored("model.safetensors"), FaultyHub::status(500));
  hub_.fault(stored("model.safetensors"), FaultyHub::status(429));
  EXPECT_TRUE(fetch());
  fs::remove_all(folder());
  for (int i = 0; i < 3; ++i) hub_.fault(stored("model.safetensors"), FaultyHub::status(500));
  expect_error("hub_failing", "500");
}

TEST_F(FetchTest, RefusesWhatHasAnotherHash) {
  const std::string other(weights_.size(), 'x');
  hub_.fault(stored("model.safetensors"), [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(other, "application/octet-stream");
  });
  expect_error("download_corrupt", sha256_hex(weights_));
  EXPECT_FALSE(fs::exists(folder() / "blobs" / (sha256_hex(weights_) + ".incomplete")));
  EXPECT_TRUE(fetch()) << "and can be fetched again";
}

TEST_F(FetchTest, RefusesWhatHasAnotherSize) {
  hub_.fault(stored("model.safetensors"), [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(weights_ + "!", "application/octet-stream");
  });
  expect_error("download_size", std::to_string(weights_.size()));
  for (int i = 0; i < 4; ++i)
    hub_.fault(stored("model.safetensors"),
               [&](const httplib::Request& request, httplib::Response& response) {
                 const_cast<httplib::Request&>(request).ranges.clear();
                 response.status = 200;
                 response.set_content("short", "application/octet-stream");
               });
  expect_error("download_cut", "5 of 300000 bytes");
}

TEST_F(FetchTest, SaysWhatTheHubRefuses) {
  const std::string list = "GET /api/models/a/b/revision/main";
  hub_.fault(list, FaultyHub::status(401, "GatedRepo"));
  expect_error("model_gated", "GatedRepo");
  hub_.fault(list, FaultyHub::status(403));
  expect_error("model_gated", "403");
  hub_.fault(list, FaultyHub::status(401));
  expect_error("hub_unauthorized", "401");
  hub_.fault(list, FaultyHub::status(401, "RepoNotFound"));
  expect_error("model_unknown", "RepoNotFound");
  hub_.fault(list, FaultyHub::status(404, "RevisionNotFound"));
  expect_error("revision_unknown", "RevisionNotFound");
  hub_.fault(at_hub("HEAD", "config.json"), FaultyHub::status(404, "EntryNotFound"));
  expect_error("model_unknown", "config.json");
  expect_error("model_unknown", "404", "no/body");
  expect_error("model_name_invalid", "../x", "../x");
}

TEST_F(FetchTest, RefusesRedirectsThatCannotBeMeant) {
  for (const char* location : {"ftp://127.0.0.1/x", "", "https://user@127.0.0.1/x"}) {
    hub_.fault(at_hub("GET", "config.json"), [=](const httplib::Request&, httplib::Response& response) {
      response.status = 302;
      response.set_header("Location", location);
    });
    expect_error("redirect_refused", "is no address");
  }
  for (int i = 0; i < 20; ++i)
    hub_.fault(at_hub("GET", "config.json"),
               [](const httplib::Request& request, httplib::Response& response) {
                 response.set_redirect(request.path);
               });
  expect_error("redirect_refused", "one redirect too many");
}

TEST_F(FetchTest, RefusesAnswersThatMakeNoSense) {
  const auto answers = [](const std::string& body) {
    return [=](const httplib::Request&, httplib::Response& response) {
      response.set_content(body, "text/plain");
    };
  };
  for (const char* body :
       {"<html>", "{}", R"({"sha": "../..", "siblings": []})", R"({"sha": "abc", "siblings": [1]})"}) {
    hub_.fault("GET /api/models/a/b/revision/main", answers(body));
    expect_error("hub_failing", "makes no sense");
  }
  hub_.fault("GET /api/models/a/b/revision/main", answers(R"({"sha": "abc", "siblings": []})"));
  expect_error("model_unsupported", "config.json");
  hub_.fault(
      "GET /api/models/a/b/revision/main",
      answers(
          R"({"sha": "abc", "siblings": [{"rfilename": "config.json"}, {"rfilename": "pytorch_model.bin"}]})"));
  expect_error("weights_unsupported", "no safetensors");
  hub_.fault(at_hub("HEAD", "config.json"), [](const httplib::Request&, httplib::Response& response) {
    response.set_header("ETag", "\"../../../evil\"");
    response.set_content("x", "text/plain");
  });
  expect_error("hub_failing", "entity tag");
}

TEST_F(FetchTest, SaysThatTheCacheCannotBeWritten) {
  if (geteuid() == 0) {
    std::ofstream(folder().string()) << "a file where a folder should be";
  } else {
    fs::permissions(cache_.path(), fs::perms::owner_read | fs::perms::owner_exec);
  }
  expect_error("cache_unwritable", cache_.path().string());
  fs::permissions(cache_.path(), fs::perms::owner_all);
}

TEST_F(FetchTest, OfflineUsesWhatIsThere) {
  ASSERT_TRUE(fetch());
  const std::size_t before = hub_.seen().size();
  setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_TRUE(fetch());
  const auto other = fetch("a/c");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "hub_offline");
  EXPECT_THAT(other.error().hint, HasSubstr("HF_HUB_OFFLINE"));
  EXPECT_EQ(hub_.seen().size(), before);
}

TEST_F(FetchTest, SaysThatNoHubAnswers) {
  const Url gone = [] { return Host([](const auto&, auto&) {}).url(); }();
  HubClient client({.endpoint = gone, .backoff = std::chrono::milliseconds(1), .tries = 2});
  const auto result = fetch_model(client, "a/b", [](const FetchProgress&) {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "hub_unreachable");
  EXPECT_THAT(result.error().message, HasSubstr(gone.origin()));
}

TEST(HubOptions, AreReadFromTheEnvironment) {
  const TemporaryDirectory home;
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT"})
    unsetenv(name);
  setenv("HF_HOME", home.path().c_str(), 1);
  EXPECT_EQ(hub_options_from_environment()->token, "");
  std::ofstream(home.path() / "token") << " hf_of_home\n";
  EXPECT_EQ(hub_options_from_environment()->token, "hf_of_home");
  std::ofstream(home.path() / "other") << "hf_of_path";
  setenv("HF_TOKEN_PATH", (home.path() / "other").c_str(), 1);
  EXPECT_EQ(hub_options_from_environment()->token, "hf_of_path");
  setenv("HF_TOKEN", "hf_named", 1);
  EXPECT_EQ(hub_options_from_environment()->token, "hf_named");
  setenv("HF_ENDPOINT", "http://127.0.0.1:1/mirror/", 1);
  EXPECT_EQ(hub_options_from_environment()->endpoint.path, "/mirror");
  setenv("HF_ENDPOINT", "mirror", 1);
  EXPECT_EQ(hub_options_from_environment().error().code, "hub_endpoint_invalid");
  unsetenv("HF_ENDPOINT");
  setenv("HF_TOKEN", "two\nlines", 1);
  EXPECT_EQ(hub_options_from_environment().error().code, "hub_token_invalid");
  for (const char* name : {"HF_TOKEN", "HF_TOKEN_PATH", "HF_HOME"}) unsetenv(name);
}

}  // namespace
}  // namespace sweetspot::daemon
