// A program of verbs, such as `sweetspot serve` and `sweetspot submit`: each verb has its options, its
// examples and one function that is called when the verb was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/client/outcome.h"

namespace sweetspot::daemon {

struct Verb {
  std::string name;
  std::string summary;                // one line, shown in the list of verbs
  std::vector<std::string> examples;  // whole commands; help shows them first
  std::function<Outcome()> run;
};

class Program {
 public:
  Program(std::string name, std::string summary, std::vector<std::string> examples);

  // Options of the whole program, which every verb accepts as well, go here.
  CLI::App& app() { return app_; }

  // Adds a verb and returns its parser, for its options. Those must outlive run(): keep them in what `run`
  // captures.
  CLI::App& add_verb(Verb verb);

  // Reads the command line, runs the chosen verb, prints a failure on stderr. Returns the exit code: 2 when
  // the command line could not be read.
  int run(int argc, const char* const* argv);

 private:
  static int finish(const std::function<Outcome()>& run_verb);

  CLI::App app_;
  std::vector<std::pair<CLI::App*, std::function<Outcome()>>> verbs_;
};

}  // namespace sweetspot::daemon
