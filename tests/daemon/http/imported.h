// An import that tests of several resources begin with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sweetspot::daemon {

// Four cells over the same three utterances; the texts make the cut encoder wrong and LoRA right.
inline nlohmann::json imported(const std::string& into = "") {
  const auto cell = [](int layers, bool lora, std::vector<std::string> heard) {
    nlohmann::json utterances = nlohmann::json::array();
    const std::vector<std::string> said = {"en to", "luchtvaartmaatschappijen", ""};
    for (std::size_t i = 0; i < said.size(); ++i)
      utterances.push_back(
          {{"id", "u" + std::to_string(i)}, {"reference", said[i]}, {"hypothesis", heard[i]}});
    return nlohmann::json{{"encoder", "whisper"},
                          {"layers", layers},
                          {"language", "nl"},
                          {"lora", lora},
                          {"utterances", utterances}};
  };
  nlohmann::json document = {
      {"name", "foreign"},
      {"source", "another system"},
      {"cells",
       {cell(4, false, {"en to", "luchtvaartmaatschappijen", ""}), cell(4, true, {"en to", "x", ""}),
        cell(2, false, {"tre", "luchtvaart maatschappijen", "uh"}),
        cell(2, true, {"en to", "luchtvaartmaatschappijen", "uh"})}}};
  if (!into.empty()) document["into"] = into;
  return document;
}

}  // namespace sweetspot::daemon
