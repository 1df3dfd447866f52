// The sweep file and its --set options, the same for `plan` and `submit`.
#pragma once

#include "daemon/client/outcome.h"
#include "daemon/client/program.h"
#include "daemon/client/sweep_file.h"

namespace sweetspot::daemon {

inline void add_sweep_options(CLI::App& verb, SweepSource& source) {
  verb.add_option("FILE", source.file, "The sweep file; - reads standard input")->required();
  verb.add_option("--set", source.overrides,
                  "Set one field, such as encoder=DIR,DIR or corpora.en.path=DIR or train.epochs=3")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
}

}  // namespace sweetspot::daemon
