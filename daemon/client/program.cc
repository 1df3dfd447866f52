#include "daemon/client/program.h"

#include <exception>
#include <iostream>

namespace sweetspot::daemon {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not authorised, 5 conflict, 6 daemon unreachable,\n"
    "7 finished, but some runs failed. Data goes to stdout, progress and notes to stderr.";

// Help that opens with examples, and lists each verb by its summary alone.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* verb) const override {
    std::ostringstream line;
    const std::string text = verb->get_description();
    CLI::detail::format_help(line, verb->get_name(), text.substr(0, text.find('\n')), get_column_width());
    return line.str();
  }
};

std::string describe(const std::string& summary, const std::vector<std::string>& examples) {
  std::string text = summary + "\n";
  if (!examples.empty()) text += "\nExamples:\n";
  for (const std::string& example : examples) text += "  " + example + "\n";
  return text;
}

}  // namespace

Program::Program(std::string name, std::string summary, std::vector<std::string> examples)
    : app_(describe(summary, examples), std::move(name)) {
  auto formatter = std::make_shared<ExamplesFirst>();
  formatter->label("SUBCOMMAND", "VERB");
  app_.formatter(formatter);
  app_.footer(kExitCodes);
  app_.require_subcommand(0, 1);
  app_.get_formatter()->column_width(32);
}

CLI::App& Program::add_verb(Verb verb) {
  CLI::App* parser = app_.add_subcommand(verb.name, describe(verb.summary, verb.examples));
  parser->group("Verbs")->footer("Options of every verb: see `" + app_.get_name() + " --help`.");
  parser->fallthrough();
  verbs_.emplace_back(parser, std::move(verb.run));
  return *parser;
}

int Program::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
    const auto chosen = app_.get_subcommands();
    const std::string verb = chosen.empty() ? "" : " " + chosen.front()->get_name();
    std::cerr << "error: " << error.what() << "\n  hint: see `" << app_.get_name() << verb << " --help`\n";
    return int(ExitCode::usage);
  }
  for (const auto& [parser, run_verb] : verbs_) {
    if (parser->parsed()) return finish(run_verb);
  }
  std::cout << app_.help();
  return int(ExitCode::usage);
}

int Program::finish(const std::function<Outcome()>& run_verb) {
  try {
    const Outcome outcome = run_verb();
    if (outcome) return int(*outcome);
    print_failure(std::cerr, outcome.error());
    return int(outcome.error().code);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return int(ExitCode::failed);
  }
}

}  // namespace sweetspot::daemon
