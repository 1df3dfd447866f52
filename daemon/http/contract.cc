#include "daemon/http/contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "daemon/http/ascii.h"
#include "schemas/json_schema.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

const json& resolved(const json& node, const json& root) {
  if (!node.contains("$ref")) return node;
  return root.at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
}

// Text as the schema's type has it; text that is not of that type stays text and fails validation.
json typed(const std::string& text, const json& schema) {
  if (schema.value("type", "") != "integer") return text;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && parsed == end ? json(number) : json(text);
}

std::string media_type(const Request& request) {
  const std::string type = request.header("content-type").value_or("");
  return ascii_lower(type.substr(0, type.find_first_of("; ")));
}

}  // namespace

Contract::Contract(const json& openapi) : openapi_(openapi) {
  for (const auto& [path, methods] : openapi_.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      Terms terms{.operation = {ascii_upper(method), path, operation.at("operationId").get<std::string>()}};
      if (operation.contains("parameters")) add_parameters(terms, operation["parameters"]);
      if (operation.contains("requestBody")) {
        const json& body = operation["requestBody"];
        terms.body_required = body.value("required", false);
        for (const auto& [type, content] : body.at("content").items()) {
          terms.media_types.push_back(type);
          terms.body_schema = content.at("schema");
        }
      }
      terms_.push_back(std::move(terms));
    }
  }
}

void Contract::add_parameters(Terms& terms, const json& list) const {
  for (const json& entry : list) {
    const json& parameter = resolved(entry, openapi_);
    const json& schema = parameter.at("schema");
    terms.parameters.push_back({.name = parameter.at("name").get<std::string>(),
                                .where = parameter.at("in").get<std::string>(),
                                .schema = schema,
                                .required = parameter.value("required", false),
                                .pattern = {}});
    if (schema.contains("pattern")) terms.parameters.back().pattern = schema["pattern"].get<std::string>();
  }
}

std::vector<Contract::Operation> Contract::operations() const {
  std::vector<Operation> list;
  for (const Terms& terms : terms_) list.push_back(terms.operation);
  return list;
}

const Contract::Terms& Contract::terms_of(const std::string& operation) const {
  auto found = std::find_if(terms_.begin(), terms_.end(),
                            [&](const Terms& terms) { return terms.operation.id == operation; });
  if (found == terms_.end()) throw std::logic_error("openapi.json has no operation " + operation);
  return *found;
}

std::optional<Problem> Contract::refuses(const std::string& operation, const Request& request) const {
  const Terms& terms = terms_of(operation);
  if (auto problem = refuses_body(terms, request)) return problem;
  for (const Parameter& parameter : terms.parameters) {
    if (parameter.where != "path") continue;
    Errors errors;
    check(parameter, {request.captures.at(parameter.name)}, errors);
    if (!errors.empty())
      return Problem{404, {"not_found", "There is no such " + parameter.name + ".", errors[0].message, ""}};
  }
  Errors errors = query_errors(terms, request);
  if (errors.empty()) return std::nullopt;
  return Problem{400, {"bad_parameter", errors[0].message, errors[0].hint, ""}, errors};
}

std::optional<Problem> Contract::refuses_body(const Terms& terms, const Request& request) const {
  if (request.body.empty()) {
    if (!terms.body_required) return std::nullopt;
    return Problem{400, {"body_missing", "This needs a body.", "Send " + terms.media_types[0] + ".", ""}};
  }
  if (terms.media_types.empty())
    return Problem{400, {"body_unexpected", "This takes no body.", "Leave the body out.", ""}};
  const std::string type = media_type(request);
  if (std::find(terms.media_types.begin(), terms.media_types.end(), type) != terms.media_types.end())
    return std::nullopt;
  return Problem{415,
                 {"media_type", "The body is of the type '" + type + "'.",
                  "Send it as Content-Type: " + terms.media_types[0] + ".", ""}};
}

Errors Contract::query_errors(const Terms& terms, const Request& request) const {
  Errors errors;
  for (auto it = request.query.begin(); it != request.query.end();
       it = request.query.upper_bound(it->first)) {
    auto known =
        std::find_if(terms.parameters.begin(), terms.parameters.end(), [&](const Parameter& parameter) {
          return parameter.where == "query" && parameter.name == it->first;
        });
    if (known == terms.parameters.end()) {
      errors.push_back({"unknown_parameter", "There is no parameter '" + it->first + "' here.",
                        "GET /api/openapi.json lists the parameters of each route.", ""});
    } else {
      check(*known, request.query_list(it->first), errors);
    }
  }
  for (const Parameter& parameter : terms.parameters) {
    if (parameter.where == "query" && parameter.required && !request.query.contains(parameter.name))
      errors.push_back({"parameter_missing", fmt::format("'{}' is not given.", parameter.name),
                        parameter.schema.value("description", "GET /api/openapi.json says what it is."), ""});
    const auto value = request.header(ascii_lower(parameter.name));
    if (parameter.where == "header" && value) check(parameter, {*value}, errors);
  }
  return errors;
}

void Contract::check(const Parameter& parameter, const std::vector<std::string>& values,
                     Errors& errors) const {
  const bool is_list = parameter.schema.value("type", "") == "array";
  if (!is_list && values.size() > 1) {
    errors.push_back({"parameter_twice", "'" + parameter.name + "' is given twice.", "Give it once.", ""});
    return;
  }
  json value = json::array();
  for (const std::string& text : values)
    value.push_back(typed(text, is_list ? resolved(parameter.schema["items"], openapi_) : parameter.schema));
  Errors found = validate(is_list ? value : value[0], parameter.schema, openapi_);
  if (found.empty() && parameter.pattern && !std::regex_match(values[0], *parameter.pattern))
    found.push_back(
        {"bad_value", "it does not match " + parameter.schema["pattern"].get<std::string>(), "", ""});
  for (Error& error : found) {
    error.message = "'" + parameter.name + "' is not valid: " + error.message;
    error.pointer.clear();
    errors.push_back(std::move(error));
  }
}

Result<json, Problem> Contract::body(const std::string& operation, const Request& request) const {
  const Terms& terms = terms_of(operation);
  if (request.body.empty()) return json::object();
  auto document = parse_json(request.body);
  if (!document) return Problem{400, document.error()};
  if (terms.body_schema.value("$ref", "") == "#/components/schemas/SweepFile") return *document;
  Errors errors = validate(*document, terms.body_schema, openapi_);
  if (errors.empty()) return *document;
  return Problem{
      422, {"invalid_body", "The body is not valid: " + errors[0].message, errors[0].hint, ""}, errors};
}

}  // namespace sweetspot::daemon
