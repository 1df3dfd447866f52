#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Samples = LiveServer;

TEST_F(Samples, ArePagedAndPlayOnlySound) {
  start();
  submit();
  std::ofstream(directory_ / "a.wav") << "RIFFsound";
  std::ofstream(directory_ / "secret.txt") << "secret";
  for (int i = 0; i < 5; ++i)
    sql("INSERT INTO utterance VALUES (1, ?, ?, ?, 1.5, 'god dag', 'god da', 'HS', 1, ?, 0, 0, 6, 0, 1, 0)",
        i, "u" + std::to_string(i), (directory_ / (i == 0 ? "a.wav" : "secret.txt")).string(), i);
  const json page = get("/api/v1/runs/run_1/samples?sort=-errors&limit=2").json();
  EXPECT_EQ(page["total"], 5);
  EXPECT_EQ(page["items"][0]["number"], 4);
  EXPECT_EQ(page["items"][0]["alignment"], "HS");
  const std::string cursor = page["next_cursor"];
  EXPECT_EQ(
      get("/api/v1/runs/run_1/samples?sort=-errors&limit=2&cursor=" + cursor).json()["items"][0]["number"],
      2);
  EXPECT_EQ(get("/api/v1/runs/run_1/samples?contains=xyz").json()["total"], 0);
  EXPECT_EQ(get("/api/v1/runs/run_1/samples?contains=god%20d").json()["total"], 5);

  const Reply sound = get("/api/v1/" + std::string("runs/run_1/samples/0/audio"));
  EXPECT_EQ(sound.status, 200);
  EXPECT_EQ(sound.headers.at("Content-Type"), "audio/wav");
  EXPECT_EQ(sound.body, "RIFFsound");
  EXPECT_EQ(get("/api/v1/runs/run_1/samples/1/audio").status, 404) << "no sound file";
  EXPECT_EQ(get("/api/v1/runs/run_1/samples/9/audio").status, 404);
}

// One sample whose sound is said to be `sound`.
class Sounds : public LiveServer {
 protected:
  void name_sound(const std::string& sound) {
    sql("INSERT OR REPLACE INTO utterance VALUES (1, 0, 'u', ?, 1, 'god', 'god', 'H', 1, 0, 0, 0, 3, 0, 0, "
        "0)",
        sound);
  }
  Reply sound(const std::string& headers = "", const std::string& method = "GET") {
    return ask(method, "/api/v1/runs/run_1/samples/0/audio", "", headers);
  }
};

TEST_F(Sounds, AreGivenInTheRangeAskedFor) {
  start();
  submit();
  std::ofstream(directory_ / "corpus" / "a.wav") << "0123456789";
  name_sound(directory_ / "corpus" / "a.wav");
  const Reply whole = sound();
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(whole.headers.at("Accept-Ranges"), "bytes");
  const std::string etag = whole.headers.at("ETag");

  struct Case {
    std::string range, body, content_range;
  };
  for (const auto& [range, body, content_range] :
       {Case{"bytes=2-4", "234", "bytes 2-4/10"}, Case{"bytes=7-", "789", "bytes 7-9/10"},
        Case{"bytes=-3", "789", "bytes 7-9/10"}, Case{"bytes=-99", "0123456789", "bytes 0-9/10"},
        Case{"bytes=9-99999999999", "9", "bytes 9-9/10"}, Case{"bytes=0-0", "0", "bytes 0-0/10"}}) {
    const Reply part = sound("Range: " + range + "\r\nIf-Range: " + etag + "\r\n");
    EXPECT_EQ(part.status, 206) << range;
    EXPECT_EQ(part.body, body) << range;
    EXPECT_EQ(part.headers.at("Content-Range"), content_range);
    EXPECT_EQ(part.headers.at("Content-Length"), std::to_string(body.size()));
    EXPECT_EQ(part.headers.at("Content-Type"), "audio/wav");
  }
  for (const char* range : {"bytes=10-", "bytes=11-20", "bytes=-0"}) {
    const Reply none = sound("Range: " + std::string(range) + "\r\n");
    EXPECT_EQ(none.status, 416) << range;
    EXPECT_EQ(none.headers.at("Content-Range"), "bytes */10");
  }
  for (const char* range : {"bytes=0-1,4-5", "bytes=4-2", "lines=1-2", "bytes=x-", "bytes=", "bytes=--1",
                            "bytes=99999999999999999999-"})
    EXPECT_EQ(sound("Range: " + std::string(range) + "\r\n").body, "0123456789") << range;
  EXPECT_EQ(sound("Range: bytes=2-4\r\nIf-Range: \"another\"\r\n").status, 200) << "of a file that changed";
  EXPECT_EQ(sound("If-None-Match: " + etag + "\r\n").status, 304);
  const Reply head = sound("Range: bytes=2-4\r\n", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("Content-Length"), "10");
  EXPECT_EQ(head.body, "");
}

TEST_F(Sounds, ThatAreLargeComeWhole) {
  start();
  submit();
  std::string large(3'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 999) large[i] = char('a' + i % 26);
  std::ofstream(directory_ / "corpus" / "a.flac") << large;
  name_sound(directory_ / "corpus" / "a.flac");
  EXPECT_EQ(sound().body, large);
  EXPECT_EQ(sound("Range: bytes=262100-1262200\r\n").body, large.substr(262100, 1000101));
}

TEST_F(Sounds, AreCutOffWhereNobodyTakesThemAndOthersAreAnswered) {
  limits_.write_time = std::chrono::milliseconds(200);
  start();
  submit();
  const std::string large(16'000'000, 'x');  // more than the buffers of two sockets hold
  std::ofstream(directory_ / "corpus" / "a.flac") << large;
  name_sound(directory_ / "corpus" / "a.flac");
  std::vector<asio::ip::tcp::socket> idle;
  for (int i = 0; i < limits_.connections - 2; ++i) {
    idle.push_back(connect());
    asio::write(idle.back(),
                asio::buffer(std::string(
                    "GET /api/v1/runs/run_1/samples/0/audio HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  }
  EXPECT_EQ(get("/healthz").status, 200);
  // The last of them is closed once nothing of it was taken for so long: all connections are free again.
  std::vector<asio::ip::tcp::socket> next;
  const auto all_free = [&] {
    next.clear();
    for (int i = 0; i < limits_.connections - 1; ++i) next.push_back(connect());
    return get("/healthz").status == 200;
  };
  bool freed = false;
  for (int i = 0; i < 100 && !(freed = all_free()); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(freed);
  for (auto& socket : idle) EXPECT_LT(read_all(socket).size(), large.size());
}

TEST_F(Sounds, AreReachedByNoLinkBelowTheCorpusAndNoWayUp) {
  namespace fs = std::filesystem;
  start();
  submit();
  std::ofstream(directory_ / "secret.wav") << "secret";
  fs::create_directories(directory_ / "elsewhere");
  std::ofstream(directory_ / "elsewhere" / "b.wav") << "secret";
  fs::create_symlink(directory_ / "secret.wav", directory_ / "corpus" / "link.wav");
  fs::create_directory_symlink(directory_ / "elsewhere", directory_ / "corpus" / "clips");
  fs::create_directory(directory_ / "corpus" / "folder.wav");
  for (const char* name : {"link.wav", "clips/b.wav", "../secret.wav", "folder.wav", "none.wav"}) {
    name_sound(directory_ / "corpus" / name);
    EXPECT_EQ(sound().status, 404) << name;
  }
  name_sound("secret.wav");
  EXPECT_EQ(sound().status, 404) << "of no directory";

  fs::rename(directory_ / "corpus", directory_ / "moved");
  fs::create_directory_symlink(directory_ / "moved", directory_ / "corpus");
  std::ofstream(directory_ / "corpus" / "c.wav") << "sound";
  name_sound(directory_ / "corpus" / "c.wav");
  EXPECT_EQ(sound().body, "sound") << "the corpus itself may be a link";
}

}  // namespace
}  // namespace sweetspot::daemon
