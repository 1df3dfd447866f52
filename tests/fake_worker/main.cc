// sweetspot-fake-worker: the worker's command line and protocol without libtorch, for tests of the daemon.
#include <CLI/CLI.hpp>

#include "tests/fake_worker/fake_executor.h"
#include "worker/link/serve.h"

int main(int argc, char** argv) {
  using namespace sweetspot;
  CLI::App app{"A worker that makes its results up"};
  app.require_subcommand(1);
  worker::ServeOptions options{.build = "fake"};
  CLI::App* serve = app.add_subcommand("serve", "Do what a daemon says");
  serve->add_option("--socket", options.socket)->required();
  serve->add_option("--device", options.device)->required();
  serve->add_option("--worker", options.worker)->required();
  serve->add_option("--threads", options.threads);
  serve->allow_extras();  // where to keep features: it has none
  CLI11_PARSE(app, argc, argv);

  fake::FakeExecutor executor(options.socket.parent_path() / "fake.json");
  return worker::serve(options, executor);
}
