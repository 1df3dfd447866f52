// Errors -> RFC 9457 problem details.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/http/message.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

// The words of a status, also of those httplib does not know.
std::string_view status_title(int status);

// {code, detail, pointer, hint}; the pointer as a URI fragment ("#/axes/layers/0"), "" when there is none.
nlohmann::json to_json(const Error& error);
nlohmann::json to_json(const Errors& errors);

Response render(const Problem& problem, const std::string& instance, const std::string& request_id);

Problem not_found(std::string what);  // "sweep sw_9"
// A Result's error as a problem: the status follows from its code; what is not a client's fault is a 500.
Problem problem_of(Error error);

}  // namespace sweetspot::daemon
