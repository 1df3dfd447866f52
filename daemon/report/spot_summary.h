// What the table "sweet-spot" says beside its rows: the verdicts and why, and the Pareto fronts.
#pragma once

#include <vector>

#include "daemon/report/spot_rule.h"

namespace sweetspot::daemon {

// The verdict on one encoder: why each configuration is or is not the one, what chance may have done, and the
// cells that an open verdict waits for.
nlohmann::json encoder_summary(const EncoderGroup& group, const Decision& decision, const SpotRule& rule);

// Over all encoders of one setting: the cheapest of what is as good. A layer of one encoder is not a layer of
// another, so where layers would decide, parameters do.
nlohmann::json overall_summary(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule);

// Every configuration that is done in all languages, and whether another one beats it in both WER and cost.
nlohmann::json pareto_points(const std::vector<EncoderGroup>& groups);

}  // namespace sweetspot::daemon
