// A NeMo manifest with predictions, which NeMo's Speech Data Explorer and evaluation tools open.
#pragma once

#include <nlohmann/json.hpp>

namespace sweetspot::daemon {

// One line: audio_filepath, duration, text and pred_text of a Sample of openapi.json, and what NeMo's
// cal_write_wer adds: tokens (reference words), wer, sub_rate, ins_rate, del_rate (ratios; left out where the
// reference is empty, for which NeMo has infinity and JSON nothing). Texts are as they were compared.
nlohmann::json nemo_line(const nlohmann::json& sample, const std::string& language);

}  // namespace sweetspot::daemon
