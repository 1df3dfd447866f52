#include "daemon/http/problem.h"

#include <array>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

struct StatusOfCode {
  std::string_view code;
  int status;
};
// The codes of Commands, store and disk. What is not here is a fault of the daemon.
constexpr std::array kStatusOfCode = {
    StatusOfCode{"not_found", 404},          StatusOfCode{"revision_conflict", 412},
    StatusOfCode{"sweep_active", 409},       StatusOfCode{"own_sweep", 409},
    StatusOfCode{"normalizer_differs", 409}, StatusOfCode{"idempotency_conflict", 422},
    StatusOfCode{"stopping", 503},           StatusOfCode{"superseded", 503},
    StatusOfCode{"database_busy", 503},      StatusOfCode{"shortage", 503},
    StatusOfCode{"disk_full", 507},
};

int status_of_code(std::string_view code) {
  for (const auto& [known, status] : kStatusOfCode)
    if (known == code) return status;
  return 500;
}

}  // namespace

std::string_view status_title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Internal Server Error";
  }
}

nlohmann::json to_json(const Error& error) {
  return {{"code", error.code},
          {"detail", error.message},
          {"pointer", error.pointer.empty() ? "" : "#" + error.pointer},
          {"hint", error.hint}};
}

nlohmann::json to_json(const Errors& errors) {
  auto list = nlohmann::json::array();
  for (const Error& error : errors) list.push_back(to_json(error));
  return list;
}

Response render(const Problem& problem, const std::string& instance, const std::string& request_id) {
  nlohmann::json body = {{"type", "about:blank"},      {"title", status_title(problem.status)},
                         {"status", problem.status},   {"detail", problem.error.message},
                         {"instance", instance},       {"code", problem.error.code},
                         {"hint", problem.error.hint}, {"request_id", request_id}};
  if (!problem.errors.empty()) body["errors"] = to_json(problem.errors);
  return {.status = problem.status,
          .content_type = "application/problem+json",
          .body = dump_json(body),
          .headers = problem.headers};
}

Problem not_found(std::string what) {
  return {404, {"not_found", "There is no " + what + ".", "List what there is and check the id.", ""}};
}

Problem problem_of(Error error) {
  Problem problem{status_of_code(error.code), std::move(error)};
  if (problem.status == 503) problem.headers.emplace_back("Retry-After", "1");
  return problem;
}

}  // namespace sweetspot::daemon
