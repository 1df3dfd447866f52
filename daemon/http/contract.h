// openapi.json, put to work: what it says about parameters and bodies is checked before a handler is called,
// so that the document and the daemon cannot disagree.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "daemon/http/message.h"

namespace sweetspot::daemon {

class Contract {
 public:
  explicit Contract(const nlohmann::json& openapi);

  struct Operation {
    std::string method, path, id;  // "GET", "/api/v1/sweeps/{sweep}", "get_sweep"
  };
  std::vector<Operation> operations() const;

  // The first kind of fault found, with all faults of that kind: media type (415), path (404), parameters
  // (400).
  std::optional<Problem> refuses(const std::string& operation, const Request& request) const;

  // The body as JSON. Codes 400 (no JSON) and, unless it is a sweep file, which parse_sweep checks better,
  // 422.
  Result<nlohmann::json, Problem> body(const std::string& operation, const Request& request) const;

 private:
  struct Parameter {
    std::string name, where;  // query, header, path
    nlohmann::json schema;
    bool required = false;
    std::optional<std::regex> pattern;
  };
  struct Terms {
    Operation operation;
    std::vector<Parameter> parameters;
    std::vector<std::string> media_types;  // of the body; empty: there is none
    bool body_required = false;
    nlohmann::json body_schema;
  };
  void add_parameters(Terms& terms, const nlohmann::json& list) const;
  const Terms& terms_of(const std::string& operation) const;
  std::optional<Problem> refuses_body(const Terms& terms, const Request& request) const;
  Errors query_errors(const Terms& terms, const Request& request) const;
  void check(const Parameter& parameter, const std::vector<std::string>& values, Errors& errors) const;

  nlohmann::json openapi_;
  std::vector<Terms> terms_;
};

}  // namespace sweetspot::daemon
