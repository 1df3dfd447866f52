#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

class Artifacts : public LiveServer {
 protected:
  void SetUp() override {
    LiveServer::SetUp();
    start();
    submit();
    std::filesystem::create_directories(attempt());
    for (const char* name : {"utterances.jsonl", "projector.safetensors", "log.txt"})
      std::ofstream(attempt() / name) << "12345";
    sql("INSERT INTO artifact VALUES (1, 7, 'utterances.jsonl', 5, 'aa'), (1, 7, 'projector.safetensors', 5, "
        "'bb')");
  }
  std::filesystem::path attempt() const { return directory_ / "state" / "runs" / "run_1" / "a7"; }
  Reply artifact(const std::string& name) { return get("/api/v1/runs/run_1/artifacts/" + name); }
};

TEST_F(Artifacts, AreListedAndSaved) {
  const json list = get("/api/v1/runs/run_1/artifacts").json();
  ASSERT_EQ(list["items"].size(), 2u);
  EXPECT_EQ(list["items"][0],
            json({{"name", "projector.safetensors"}, {"size", 5}, {"sha256", "bb"}, {"fence", 7}}));
  const Reply file = artifact("utterances.jsonl");
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "12345");
  EXPECT_EQ(file.headers.at("Content-Type"), "application/jsonl");
  EXPECT_EQ(file.headers.at("Content-Disposition"), "attachment; filename=\"run_1-utterances.jsonl\"");
  EXPECT_EQ(file.headers.at("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(artifact("projector.safetensors").headers.at("Content-Type"), "application/octet-stream");
  EXPECT_EQ(ask("GET", "/api/v1/runs/run_1/artifacts/utterances.jsonl", "", "Range: bytes=3-\r\n").body,
            "45");
}

TEST_F(Artifacts, AreOnlyThoseThatTheStoreLists) {
  EXPECT_EQ(artifact("log.txt").status, 404);
  EXPECT_EQ(artifact("none").status, 404);
  EXPECT_EQ(artifact("..").status, 400);
  EXPECT_EQ(artifact("%2e%2e%2f%2e%2e%2fsweetspot.db").status, 400);
  EXPECT_EQ(get("/api/v1/runs/run_2/artifacts/utterances.jsonl").status, 404) << "of another run";
}

TEST_F(Artifacts, AreNotGivenOnceTheyAreOtherThanStored) {
  std::ofstream(attempt() / "utterances.jsonl") << "123456";
  EXPECT_EQ(artifact("utterances.jsonl").status, 404) << "longer";
  std::ofstream(directory_ / "secret") << "54321";
  std::filesystem::remove(attempt() / "projector.safetensors");
  std::filesystem::create_symlink(directory_ / "secret", attempt() / "projector.safetensors");
  EXPECT_EQ(artifact("projector.safetensors").status, 404) << "a link";
}

}  // namespace
}  // namespace sweetspot::daemon
