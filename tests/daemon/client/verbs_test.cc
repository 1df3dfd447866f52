// The verbs, run as a person would run them, against a small HTTP server that stands in for a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/client/client.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Ended {
  int code;
  std::string out, err;
};

Ended sweetspot(std::vector<std::string> arguments) {
  Program program("sweetspot", "For a test.", {});
  add_client_commands(program, "1.2.3");
  arguments.insert(arguments.begin(), "sweetspot");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = program.run(int(argv.size()), argv.data());
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

// Answers each "METHOD path?query" with what was scripted for it: one answer after another, the last one for
// good.
class FakeDaemon : public testing::Test {
 protected:
  struct Answer {
    int status;
    std::string body;
  };

  FakeDaemon() {
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
      handle(request, response);
    };
    server_.Get(".*", handler);
    server_.Post(".*", handler);
    port_ = server_.bind_to_any_port("127.0.0.1");
    address_ = "127.0.0.1:" + std::to_string(port_);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FakeDaemon() override {
    server_.stop();
    thread_.join();
  }

  void answer(const std::string& request, int status, const json& body) {
    answers_[request].push_back({status, body.dump()});
  }
  void answer_text(const std::string& request, const std::string& body) {
    answers_[request].push_back({200, body});
  }

  Ended run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--daemon", address_});
    return sweetspot(std::move(arguments));
  }

  std::vector<httplib::Request> requests_;
  std::string address_;

 private:
  void handle(const httplib::Request& request, httplib::Response& response) {
    const std::scoped_lock lock(mutex_);
    requests_.push_back(request);
    auto& scripted = answers_[request.method + " " + request.target];
    if (scripted.empty()) {
      response.status = 404;
      response.set_content(R"({"status": 404, "code": "not_found", "detail": "unscripted", "hint": ""})",
                           "application/problem+json");
      return;
    }
    response.status = scripted.front().status;
    response.set_content(scripted.front().body, "application/json");
    if (scripted.size() > 1) scripted.erase(scripted.begin());
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Answer>> answers_;
};

json sweep(int succeeded, int failed, int queued) {
  return {{"id", "sw_3"},
          {"name", "first"},
          {"state", queued   ? "running"
                    : failed ? "finished_with_failures"
                             : "finished"},
          {"best_wer", 0.125},
          {"eta_seconds", 200},
          {"counts",
           {{"total", succeeded + failed + queued},
            {"queued", queued},
            {"leased", 0},
            {"running", 0},
            {"retry_wait", 0},
            {"paused", 0},
            {"orphaned", 0},
            {"succeeded", succeeded},
            {"failed", failed},
            {"quarantined", 0},
            {"cancelled", 0}}}};
}

json page(json items, json cursor = nullptr) {
  return {{"items", std::move(items)}, {"next_cursor", cursor}};
}

const std::string kNoneRunning = "GET /api/v1/runs?sweep=sw_3&state=running&limit=1000";
const std::string kFailedRuns = "GET /api/v1/runs?sweep=sw_3&state=failed&state=quarantined&limit=1000";

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class SweepOnDisk {
 public:
  explicit SweepOnDisk(const std::string& text) { std::ofstream(path()) << text; }
  ~SweepOnDisk() { std::remove(path().c_str()); }
  std::string path() const { return testing::TempDir() + "sweep_" + std::to_string(getpid()) + ".json"; }
};

TEST(CommandLine, SaysHowToUseItWhenAVerbIsWrong) {
  const auto ended = sweetspot({"sumbit", "x.json"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, StartsWith("error: "));
  EXPECT_THAT(ended.err, HasSubstr("sweetspot --help"));
}

TEST(CommandLine, SendsWhoForgotAnArgumentToTheVerbsHelp) {
  EXPECT_THAT(sweetspot({"plan"}).err, HasSubstr("sweetspot plan --help"));
}

TEST(CommandLine, RefusesAFormatThatDoesNotExist) { EXPECT_EQ(sweetspot({"status", "-o", "xml"}).code, 2); }

TEST(CommandLine, OpensHelpWithExamples) {
  const auto ended = sweetspot({"submit", "--help"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_LT(ended.out.find("Examples:"), ended.out.find("Usage:"));
  EXPECT_LT(ended.out.find("Usage:"), ended.out.find("--reuse"));
}

TEST(CommandLine, ListsVerbsWithoutTheirExamples) {
  const auto ended = sweetspot({"--help"});
  EXPECT_THAT(ended.out, HasSubstr("Submit a sweep; prints its id\n"));
  EXPECT_EQ(ended.out.find("sweetspot submit -"), std::string::npos);
}

TEST(CommandLine, FetchNeedsNoDaemonAndSaysWhatIsWrongWithANameOrAHub) {
  EXPECT_EQ(sweetspot({"fetch"}).code, 2);
  const auto name = sweetspot({"fetch", "../etc", "--daemon", "127.0.0.1:9"});
  EXPECT_EQ(name.code, 2);
  EXPECT_THAT(name.err, HasSubstr("org/name"));
  setenv("HF_ENDPOINT", "nowhere", 1);
  const auto endpoint = sweetspot({"fetch", "a/b"});
  unsetenv("HF_ENDPOINT");
  EXPECT_EQ(endpoint.code, 2);
  EXPECT_THAT(endpoint.err, HasSubstr("HF_ENDPOINT"));
}

TEST(CommandLine, SaysHowToStartADaemonThatDoesNotAnswer) {
  const auto ended = sweetspot({"status", "--daemon", "127.0.0.1:9"});
  EXPECT_EQ(ended.code, 6);
  EXPECT_THAT(ended.err, HasSubstr("sweetspot serve"));
}

TEST(CommandLine, CompletesVerbsAndOptions) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto ended = sweetspot({"completion", shell});
    EXPECT_EQ(ended.code, 0) << shell;
    EXPECT_THAT(ended.out, HasSubstr("submit")) << shell;
    EXPECT_THAT(ended.out, HasSubstr("reuse")) << shell;
  }
}

TEST_F(FakeDaemon, IsFoundAtAnAddressThatEndsInASlashAndBelowAPathOfAProxy) {
  answer("GET /api/v1/sweeps?limit=1000", 200, page({sweep(8, 1, 9)}));
  answer("GET /team/sweeps/api/v1/sweeps?limit=1000", 200, page({sweep(1, 0, 0)}));
  const std::string root = "http://" + address_;
  for (const char* path : {"/", "//", "/team/sweeps", "/team/sweeps/"}) {
    address_ = root + path;
    const auto ended = run({"status"});
    EXPECT_EQ(ended.code, 0) << path << ": " << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("first")) << path;
  }
}

TEST_F(FakeDaemon, StatusShowsEverySweepOfEveryPage) {
  json second = sweep(1, 0, 0);
  second["id"] = "sw_1";
  answer("GET /api/v1/sweeps?limit=1000", 200, page({sweep(8, 1, 9)}, "abc"));
  answer("GET /api/v1/sweeps?limit=1000&cursor=abc", 200, page({second}));
  const auto ended = run({"status"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("sw_3  first  running   8/18       1        0   12.50 %  3 min 20 s"));
  EXPECT_THAT(ended.out, HasSubstr("sw_1"));
}

TEST_F(FakeDaemon, StatusPrintsJsonAsItCame) {
  answer("GET /api/v1/sweeps/sw_3", 200, sweep(1, 0, 0));
  const auto ended = run({"status", "sw_3", "-o", "json"});
  EXPECT_EQ(json::parse(ended.out), sweep(1, 0, 0));
}

TEST_F(FakeDaemon, ProblemsBecomeExitCodes) {
  const std::map<int, int> codes = {{401, 4}, {403, 4}, {404, 3}, {409, 5}, {412, 5}, {422, 1}, {500, 1}};
  for (const auto& [status, code] : codes) {
    const std::string id = "sw_" + std::to_string(status);
    answer("GET /api/v1/sweeps/" + id, status,
           {{"detail", "no such thing"}, {"code", "x"}, {"hint", "look again"}});
    const auto ended = run({"status", id});
    EXPECT_EQ(ended.code, code) << status;
    EXPECT_EQ(ended.err, "error: no such thing\n  hint: look again\n");
  }
}

TEST_F(FakeDaemon, AnAnswerThatIsNotJsonIsAnError) {
  answer_text("GET /api/v1/sweeps/sw_1", "<html>");
  EXPECT_EQ(run({"status", "sw_1"}).code, 1);
}

TEST_F(FakeDaemon, SubmitShowsEveryErrorWithItsPlaceAndHint) {
  const SweepOnDisk file("{}");
  answer("POST /api/v1/sweeps", 422,
         {{"detail", "2 errors"},
          {"errors",
           {{{"code", "a"}, {"detail", "no axes"}, {"pointer", "#/axes"}, {"hint", "add them"}},
            {{"code", "b"}, {"detail", "no llm"}, {"pointer", "#/llm"}, {"hint", ""}}}}});
  const auto ended = run({"submit", file.path()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, "error: no axes\n  at: /axes\n  hint: add them\nerror: no llm\n  at: /llm\n");
  EXPECT_EQ(ended.out, "");
}

TEST_F(FakeDaemon, PlanSaysHowLargeTheModelsAreAndWhatDoesNotFit) {
  const SweepOnDisk file("{\"name\": \"first\"}");
  const json size = {
      {"encoder", "openai/whisper-small"},
      {"layers", 10},
      {"lora", true},
      {"cells", 2},
      {"parameters",
       {{"encoder", 73979904},
        {"encoder_published", 74000000},
        {"projector", 12066816},
        {"adapter", 7372800},
        {"llm", 3085938688}}},
      {"memory",
       {{"weights", 6e9}, {"trained", 4e8}, {"activations", 9e9}, {"features", 6e9}, {"total", 21.4e9}}}};
  answer("POST /api/v1/sweeps?dry_run=1", 200,
         {{"cells", 2},
          {"axes", json::object()},
          {"models",
           {{{"model", "openai/whisper-small"},
             {"role", "encoder"},
             {"directory", nullptr},
             {"commit", nullptr},
             {"parameters", 88154112}},
            {{"model", "Qwen/Qwen2.5-3B"},
             {"role", "llm"},
             {"directory", "/x"},
             {"commit", "3aab1f1954e9cc14eb9509a215f9e5ca08227a9b"},
             {"parameters", 3085938688}}}},
          {"sizes", {size}},
          {"features",
           {{{"encoder", "openai/whisper-small"},
             {"language", "da"},
             {"depths", 6},
             {"bytes_an_hour", 1.7e9},
             {"bytes", nullptr}},
            {{"encoder", "openai/whisper-small"},
             {"language", "en"},
             {"depths", 6},
             {"bytes_an_hour", 1.7e9},
             {"bytes", 166e9}}}},
          {"devices",
           {{{"name", "cuda:0"}, {"memory", 16e9}, {"too_large", 2}},
            {{"name", "cuda:1"}, {"memory", nullptr}, {"too_large", nullptr}}}},
          {"excluded", json::array()},
          {"errors", json::array()},
          {"missing",
           {{{"code", "model_missing"},
             {"detail", "not in the cache"},
             {"pointer", "#/axes/encoder/0"},
             {"hint", "run `sweetspot fetch`"}}}}});
  const auto ended = run({"plan", file.path()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  for (const char* words :
       {"88,154,112", "3,085,938,688", "73,979,904", "74,000,000", "7,372,800", "21.4 GB", "3aab1f1954e9"})
    EXPECT_THAT(ended.out, HasSubstr(words));
  EXPECT_THAT(ended.err, HasSubstr("cuda:0: 16.0 GB of memory; 2 cells may not fit"));
  EXPECT_THAT(ended.err, HasSubstr("whisper-small at 6 depths, da: 1.7 GB an hour of speech on disk\n"));
  EXPECT_THAT(ended.err,
              HasSubstr("6 depths, en: 1.7 GB an hour of speech on disk, 166.0 GB for the training split"));
  EXPECT_THAT(ended.err,
              HasSubstr("missing: not in the cache\n  at: /axes/encoder/0\n  hint: run `sweetspot fetch`"));
}

TEST_F(FakeDaemon, SubmitSendsTheSweepWithAKeyAndPrintsItsId) {
  const SweepOnDisk file("// mine\n{\"name\": \"first\", \"llm\": \"a/b\"}");
  answer("POST /api/v1/sweeps", 201, sweep(0, 0, 18));
  const auto ended = run({"submit", file.path(), "--set", "llm=c/d"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, "sw_3\n");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(json::parse(requests_[0].body), json({{"name", "first"}, {"llm", "c/d"}}));
  EXPECT_GE(requests_[0].get_header_value("Idempotency-Key").size(), 16u);
}

TEST_F(FakeDaemon, SubmitReuseTakesUpTheSameSweep) {
  const SweepOnDisk file("{\"name\": \"first\"}");
  json whole = sweep(17, 1, 0);
  whole["spec"] = {{"name", "first"}};
  answer("GET /api/v1/sweeps?limit=1000", 200, page({sweep(17, 1, 0)}));
  answer("GET /api/v1/sweeps/sw_3", 200, whole);
  answer("POST /api/v1/sweeps/sw_3/actions/retry", 200, {{"changed", 1}, {"outcomes", json::array()}});
  const auto ended = run({"submit", "--reuse", file.path()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "sw_3\n");
  EXPECT_EQ(requests_.back().path, "/api/v1/sweeps/sw_3/actions/retry");
}

TEST_F(FakeDaemon, SubmitReuseSubmitsWhatChanged) {
  const SweepOnDisk file("{\"name\": \"first\", \"priority\": 2}");
  json whole = sweep(17, 1, 0);
  whole["spec"] = {{"name", "first"}};
  answer("GET /api/v1/sweeps?limit=1000", 200, page({sweep(17, 1, 0)}));
  answer("GET /api/v1/sweeps/sw_3", 200, whole);
  json fresh = sweep(0, 0, 18);
  fresh["id"] = "sw_4";
  answer("POST /api/v1/sweeps", 201, fresh);
  EXPECT_EQ(run({"submit", "--reuse", file.path()}).out, "sw_4\n");
}

TEST_F(FakeDaemon, WatchFollowsToTheEnd) {
  answer("GET /api/v1/sweeps/sw_3", 200, sweep(0, 0, 2));
  answer("GET /api/v1/sweeps/sw_3", 200, sweep(2, 0, 0));
  answer(kNoneRunning, 200, page(json::array()));
  const auto ended = run({"watch", "sw_3"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("0/2 done"));
  EXPECT_THAT(ended.err, HasSubstr("2/2 done"));
}

TEST_F(FakeDaemon, WatchEndsWithSevenAndTheReasonsWhenRunsFailed) {
  answer("GET /api/v1/sweeps?limit=1", 200, page({sweep(1, 1, 0)}));
  answer("GET /api/v1/sweeps/sw_3", 200, sweep(1, 1, 0));
  answer(kNoneRunning, 200, page(json::array()));
  answer(kFailedRuns, 200,
         page({{{"id", "run_7"},
                {"state", "failed"},
                {"reason_code", "diverged"},
                {"reason", "the loss is NaN"},
                {"hint", "lower lr"}}}));
  const auto ended = run({"watch"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.err, HasSubstr("run_7 failed: diverged the loss is NaN\n  hint: lower lr"));
  EXPECT_THAT(ended.err, HasSubstr("sweetspot retry sw_3"));
}

TEST_F(FakeDaemon, RunsSendsItsFilters) {
  answer(
      "GET "
      "/api/v1/"
      "runs?sort=-wer&sweep=sw_3&lora=true&state=failed&state=cancelled&encoder=a%20b&layers=4&limit=1000",
      200, page({{{"id", "run_1"}, {"state", "failed"}, {"layers", 4}, {"lora", true}, {"wer", nullptr}}}));
  const auto ended = run({"runs", "--sweep", "sw_3", "--lora", "on", "--state", "failed", "--state",
                          "cancelled", "--encoder", "a b", "--layers", "4", "--sort", "-wer", "-o", "csv"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\nrun_1,,failed,,4,,yes,"));
}

TEST_F(FakeDaemon, RunsSayWhereTheirTimeWent) {
  const auto timed = [](const char* id, json train, json saved) {
    json timing = {{"wait", 2.5}, {"audio", 0.5}, {"encode", 1.0}, {"train", train}, {"validate", 0.0},
                   {"test", 4.0}, {"other", 0.1}, {"total", 99.0}, {"saved", saved}};
    return json{{"id", id}, {"state", "succeeded"}, {"layers", 4}, {"timing", timing}};
  };
  const std::string asked = "GET /api/v1/runs?sort=position&timing=true&sweep=sw_3&limit=1000";
  answer(asked, 200, page({timed("run_1", 12.34, 7.0), timed("run_2", nullptr, nullptr)}));
  const json sweep = {{"total", 250.0}, {"unaccounted", 52.0}, {"saved", 7.0}};
  answer("GET /api/v1/sweeps/sw_3/timing", 200, sweep);
  const auto ended = run({"runs", "--sweep", "sw_3", "--timing"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(
      ended.out,
      ContainsRegex("run_1 .* 2.5 s  0.5 s   1.0 s  12.3 s     0.0 s  4.0 s  0.1 s   99.0 s  7.0 s\n"));
  EXPECT_THAT(ended.out, ContainsRegex("run_2 .* 1.0 s       -  .* -\n"));
  EXPECT_THAT(
      ended.out,
      ContainsRegex("\ntotal .* 5.0 s  1.0 s   2.0 s  12.3 s     0.0 s  8.0 s  0.2 s  198.0 s  7.0 s\n$"));
  EXPECT_THAT(ended.err, HasSubstr("sw_3: 250.0 s of devices, 52.0 s of them in no result"));
  EXPECT_THAT(ended.err, HasSubstr("saved about 7.0 s"));

  const auto csv = run({"runs", "--sweep", "sw_3", "--timing", "-o", "csv", "-q"});
  EXPECT_THAT(csv.out, HasSubstr(",wait,audio,encode,train,validate,test,other,total,saved\nrun_1,"));
  EXPECT_THAT(csv.out, HasSubstr(",2.5,0.5,1.0,12.34,0.0,4.0,0.1,99.0,7.0\nrun_2,"));
  EXPECT_THAT(csv.out, Not(HasSubstr("total,,")));
  const auto document = json::parse(run({"runs", "--sweep", "sw_3", "--timing", "-o", "json", "-q"}).out);
  EXPECT_EQ(document[0]["timing"]["train"], 12.34);

  answer("GET /api/v1/runs?sort=position&timing=true&sweep=sw_4&limit=1000", 200, page({}));
  answer("GET /api/v1/sweeps/sw_4/timing", 200,
         json{{"total", 250.0}, {"unaccounted", 52.0}, {"saved", -0.12}});
  EXPECT_THAT(run({"runs", "--sweep", "sw_4", "--timing"}).err,
              HasSubstr("Sharing features cost about 0.1 s"));
}

TEST_F(FakeDaemon, LogsFollowUntilTheRunIsOver) {
  answer_text("GET /api/v1/runs/run_1/log?offset=0", "one\n");
  answer_text("GET /api/v1/runs/run_1/log?offset=4", "");
  answer_text("GET /api/v1/runs/run_1/log?offset=4", "two\n");
  answer_text("GET /api/v1/runs/run_1/log?offset=8", "");
  answer("GET /api/v1/runs/run_1", 200, {{"state", "running"}});
  answer("GET /api/v1/runs/run_1", 200, {{"state", "succeeded"}});
  const auto ended = run({"logs", "run_1", "--follow"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, "one\ntwo\n");
}

TEST_F(FakeDaemon, RetryFromScratchAsksForIt) {
  answer("POST /api/v1/sweeps/sw_3/actions/retry", 200, {{"outcomes", json::array()}});
  answer("POST /api/v1/runs/run_2/actions/retry", 200,
         {{"run", "run_2"}, {"changed", true}, {"why_not", ""}});
  EXPECT_EQ(run({"retry", "sw_3", "run_2", "--from-scratch"}).code, 0);
  for (const auto& request : requests_) EXPECT_EQ(json::parse(request.body), json({{"from_scratch", true}}));
}

TEST_F(FakeDaemon, ActionsTakeSweepsAndRuns) {
  const json changed = {{"run", "run_1"}, {"changed", true}, {"why_not", ""}};
  const json unchanged = {{"run", "run_2"}, {"changed", false}, {"why_not", "it has succeeded"}};
  answer("POST /api/v1/sweeps/sw_3/actions/retry", 200, {{"outcomes", {changed}}});
  answer("POST /api/v1/runs/run_2/actions/retry", 200, unchanged);
  const auto ended = run({"retry", "sw_3", "run_2", "--state", "failed"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("run_2  no       it has succeeded"));
  EXPECT_THAT(ended.err, HasSubstr("1 of 2 runs changed"));
  EXPECT_EQ(json::parse(requests_[0].body), json({{"states", {"failed"}}}));
}

TEST_F(FakeDaemon, OnlySweepsArePaused) { EXPECT_EQ(run({"pause", "run_2"}).code, 2); }

TEST_F(FakeDaemon, TablesAsksForPapersFormats) {
  answer_text("GET /api/v1/sweeps/sw_3/tables/wer?format=latex", "\\begin{tabular}");
  EXPECT_EQ(run({"tables", "sw_3", "wer", "-o", "latex"}).out, "\\begin{tabular}\n");
}

TEST_F(FakeDaemon, TablesShowsTheVerdictBelowTheTable) {
  answer("GET /api/v1/sweeps/sw_3/tables/sweet-spot", 200,
         {{"name", "sweet-spot"},
          {"definition", "how"},
          {"rows", {{{"encoder", "small"}, {"kind", "baseline"}, {"layers", 4}, {"wer", {{"da", 0.3}}}}}},
          {"missing", json::array()},
          {"summary", {{"encoders", {{{"encoder", "small"}, {"text", "2 of 4 layers do"}}}}}}});
  const auto ended = run({"tables", "sw_3", "sweet-spot"});
  EXPECT_THAT(ended.out, HasSubstr("wer da"));
  EXPECT_THAT(ended.out, HasSubstr("small: 2 of 4 layers do\n"));
}

TEST_F(FakeDaemon, ImportSendsUtterancesAsOneCell) {
  const std::string file = testing::TempDir() + "hyp_" + std::to_string(getpid()) + ".jsonl";
  std::ofstream(file) << R"({"text": "a b", "pred_text": "a"})"
                      << "\n";
  answer("POST /api/v1/results", 201, {{"id", "sw_4"}});
  const auto ended = run({"import", file, "--encoder", "whisper", "--layers", "10", "--language", "da",
                          "--lora", "--normalizer", "lower case", "--into", "sw_4"});
  EXPECT_EQ(ended.out, "sw_4\n") << ended.err;
  const json sent = json::parse(requests_.back().body);
  EXPECT_EQ(sent["into"], "sw_4");
  EXPECT_EQ(sent["normalizer"], "lower case");
  EXPECT_EQ(sent["source"], file);
  EXPECT_EQ(sent["cells"][0]["lora"], true);
  EXPECT_EQ(sent["cells"][0]["utterances"][0]["hypothesis"], "a");
  const auto unnamed = run({"import", file});
  EXPECT_EQ(unnamed.code, 1);
  EXPECT_THAT(unnamed.err, HasSubstr("--encoder"));
  std::remove(file.c_str());
}

TEST_F(FakeDaemon, ExportWritesWhatOtherToolsRead) {
  const json run = json::parse(R"({
    "id": "run_1", "state": "succeeded", "encoder": "openai/whisper", "layers": 8, "language": "da", "lora": true,
    "seed": 42, "settings": {}, "attempt": 1, "imported": false,
    "started_at": "2026-03-01T00:00:10.000Z", "ended_at": "2026-03-01T00:01:00.000Z"})");
  const json words = {{"hits", 1}, {"substitutions", 1}, {"deletions", 0}, {"insertions", 0}};
  json whole = run, done = sweep(1, 0, 0);
  whole["result"] = {{"wer", 0.5}, {"cer", 0.5}, {"batch_mean_wer", 0.5}, {"steps", 9}};
  done["created_at"] = "2026-03-01T00:00:00.000Z";
  answer("GET /api/openapi.json", 200, {{"paths", json::object()}});
  answer("GET /api/v1/sweeps/sw_3", 200, done);
  answer("GET /api/v1/runs?sweep=sw_3&limit=1000", 200, page({run}));
  answer("GET /api/v1/runs/run_1", 200, whole);
  answer("GET /api/v1/runs/run_1/metrics", 200,
         {{"series", {{"loss", json::array({json::array({1, 2.5})})}}}, {"epochs", json::array()}});
  answer("GET /api/v1/runs/run_1/events?limit=1000", 200, page(json::array()));
  answer("GET /api/v1/runs/run_1/samples?limit=1000", 200,
         page({{{"number", 0},
                {"id", "a.wav"},
                {"audio_file", "/c/a.wav"},
                {"seconds", 1.5},
                {"reference", "en to"},
                {"hypothesis", "en x"},
                {"alignment", "HS"},
                {"words", words}}}));
  const std::filesystem::path out = testing::TempDir() + "export_" + std::to_string(getpid());
  const auto ended = FakeDaemon::run({"export", "sw_3", "--out", out.string()});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("tensorboard --logdir " + (out / "tensorboard").string()));
  const std::string label = "openai_whisper-L8-da-lora-run_1";
  EXPECT_EQ(json::parse(read(out / "nemo" / (label + ".test.json")))["pred_text"], "en x");
  EXPECT_EQ(read(out / "trn" / (label + ".ref.trn")), "en to (test-0-a.wav)\n");
  EXPECT_EQ(read(out / "trn" / (label + ".hyp.trn")), "en x (test-0-a.wav)\n");
  EXPECT_THAT(read(out / "utterances.csv"), HasSubstr("run_1,openai/whisper,8,"));
  const auto events = read(out / "tensorboard" / label / "events.out.tfevents.1772323210.sweetspot");
  EXPECT_THAT(events, HasSubstr("train/loss"));
  EXPECT_THAT(events, HasSubstr("test/wer"));
  EXPECT_THAT(read(out / "tensorboard" / "events.out.tfevents.0000000000.sweetspot"),
              HasSubstr("_hparams_/experiment"));
  std::filesystem::remove_all(out);
}

TEST_F(FakeDaemon, SendsTheTokenOfAFile) {
  const std::string file = testing::TempDir() + "token_" + std::to_string(getpid());
  std::ofstream(file) << "sesame\n";
  answer("GET /api/v1/sweeps?limit=1000", 200, page(json::array()));
  EXPECT_EQ(run({"status", "--token-file", file}).code, 0);
  std::remove(file.c_str());
  EXPECT_EQ(requests_[0].get_header_value("Authorization"), "Bearer sesame");
  EXPECT_EQ(run({"status", "--token-file", file}).code, 2);
}

}  // namespace
}  // namespace sweetspot::daemon
