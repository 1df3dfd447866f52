#include "daemon/maintenance.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "daemon/serve.h"
#include "daemon/store/backup.h"

namespace sweetspot::daemon {

namespace {
namespace fs = std::filesystem;

struct CopyOptions {
  std::string state, file;
  fs::path directory() const { return fs::absolute(state.empty() ? default_state() : fs::path(state)); }
};

Outcome said(const Status& done, const std::string& what) {
  if (!done) return fail(ExitCode::failed, done.error());
  fmt::print("{}\n", what);
  return ExitCode::ok;
}
}  // namespace

void add_maintenance_commands(Program& program) {
  const auto options = std::make_shared<CopyOptions>();
  CLI::App& backup =
      program.add_verb({"backup",
                        "Copy the database of a state directory, also while its daemon works",
                        {"sweetspot backup sweeps.db", "sweetspot backup sweeps.db --state /data/sweetspot"},
                        [options] {
                          return said(back_up_state(options->directory(), options->file),
                                      fmt::format("{} is a copy of the database in {}", options->file,
                                                  options->directory().string()));
                        }});
  CLI::App& restored = program.add_verb(
      {"restore",
       "Put a backup in the place of a state directory's database; its daemon must not run",
       {"sweetspot restore sweeps.db --state /data/sweetspot"},
       [options] {
         return said(
             restore(options->file, options->directory()),
             fmt::format("{} has the database of {}; the one before is beside it, as *.before-restore*",
                         options->directory().string(), options->file));
       }});
  for (CLI::App* verb : {&backup, &restored}) {
    verb->add_option("FILE", options->file, "The copy")->required();
    verb->add_option("--state", options->state,
                     "Directory of the database and the runs' files (default: the user's data directory)");
  }
}

}  // namespace sweetspot::daemon
