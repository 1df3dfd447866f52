// `sweetspot completion`: completion for shells, generated from the parser itself.
#include <fmt/format.h>

#include <iostream>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// "--daemon --token-file -o --output"
std::string options_of(const CLI::App& app) {
  std::string names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) names += "-" + name + " ";
    for (const std::string& name : option->get_lnames()) names += "--" + name + " ";
  }
  return names;
}

std::string bash_script(const CLI::App& app) {
  std::string verbs, cases;
  for (const CLI::App* verb : verbs_of(app)) {
    verbs += verb->get_name() + " ";
    cases += fmt::format("    {}) words=\"{}{}\" ;;\n", verb->get_name(), options_of(*verb), options_of(app));
  }
  return fmt::format(
      "_{0}() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" words\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{1}"
      "    *) words=\"{2}{3}\" ;;\n"
      "  esac\n"
      "  [ \"$COMP_CWORD\" -eq 1 ] && words=\"{2}{3}\"\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "complete -o default -F _{0} {0}\n",
      app.get_name(), cases, verbs, options_of(app));
}

// zsh runs the completions of bash once it is told to.
std::string zsh_script(const CLI::App& app) {
  return "autoload -Uz compinit bashcompinit && compinit && bashcompinit\n" + bash_script(app);
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return "'" + text + "'";
}

std::string fish_script(const CLI::App& app) {
  std::string script;
  for (const CLI::App* verb : verbs_of(app)) {
    script += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", app.get_name(),
                          verb->get_name(), quoted(first_line(verb->get_description())));
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script += fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}' -l {} -d {}\n",
                              app.get_name(), verb->get_name(), name, quoted(option->get_description()));
      }
    }
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      script += fmt::format("complete -c {} -l {} -d {}\n", app.get_name(), name,
                            quoted(option->get_description()));
    }
  }
  return script;
}

}  // namespace

void add_completion(Program& program) {
  auto shell = std::make_shared<std::string>();
  const auto run = [shell, &program]() -> Outcome {
    const CLI::App& app = program.app();
    std::cout << (*shell == "fish" ? fish_script(app) : *shell == "zsh" ? zsh_script(app) : bash_script(app));
    return ExitCode::ok;
  };
  CLI::App& verb =
      program.add_verb({"completion",
                        "Print completion for a shell",
                        {"source <(sweetspot completion bash)",
                         "sweetspot completion fish > ~/.config/fish/completions/sweetspot.fish"},
                        run});
  verb.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace sweetspot::daemon
