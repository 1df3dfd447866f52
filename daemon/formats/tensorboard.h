// Runs as TensorBoard shows them: curves under SCALARS, settings and results under HPARAMS.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sweetspot::daemon {

// One run's event file: of a RunDetail of openapi.json that was begun, its Metrics and its Events. Tags:
// train/loss and the other series of Metrics, train/epoch_loss, validation/wer, test/wer, test/cer,
// test/batch_mean_wer. Points that were not finite are NaN. Wall times are those of the epochs' events, and in
// proportion to the steps between them.
std::string tensorboard_events(const nlohmann::json& run, const nlohmann::json& metrics,
                               const nlohmann::json& events);

// The event file of the folder above the runs': which settings differ between them, and what was measured.
std::string tensorboard_experiment(const nlohmann::json& sweep, const nlohmann::json& runs);

// Seconds since 1970 of RFC 3339 in UTC, as the API writes it; 0 for anything else.
double seconds_of(const nlohmann::json& time);

}  // namespace sweetspot::daemon
