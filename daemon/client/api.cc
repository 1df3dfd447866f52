#include "daemon/client/api.h"

#include <fmt/format.h>

#include <csignal>
#include <random>

#include "daemon/hub/url.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

std::string random_key() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string full_address(const std::string& daemon) {
  std::string address = daemon.find("://") == std::string::npos ? "http://" + daemon : daemon;
  while (address.ends_with('/')) address.pop_back();
  return address;
}

std::string path_of(const std::string& address) {
  const auto path = address.find('/', address.find("://") + 3);
  return path == std::string::npos ? "" : address.substr(path);
}

ExitCode exit_code_of(int status) {
  if (status == 401 || status == 403) return ExitCode::not_authorised;
  if (status == 404) return ExitCode::not_found;
  if (status == 409 || status == 412) return ExitCode::conflict;
  return ExitCode::failed;
}

std::string text_of(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

Failure unreachable(const std::string& address, httplib::Error error) {
  return fail(ExitCode::unreachable,
              {"daemon_unreachable",
               fmt::format("no daemon answers at {} ({} error)", address, httplib::to_string(error)),
               "start it with `sweetspot serve`, or name another with --daemon or SWEETSPOT_DAEMON", ""});
}

Result<json, Failure> parsed(const Reply& reply, const std::string& path) {
  auto document = parse_json(reply.body);
  if (!document) {
    return fail(ExitCode::failed, {"bad_answer", fmt::format("the answer to {} is not JSON", path),
                                   "is it a Sweetspot daemon that --daemon names?", ""});
  }
  return std::move(*document);
}

}  // namespace

std::string without_fragment_sign(const std::string& pointer) {
  return pointer.starts_with('#') ? pointer.substr(1) : pointer;
}

std::string with_query(const std::string& path, const Query& query) {
  std::string text = path;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.size() == path.size() ? '?' : '&', percent_encode(name),
                        percent_encode(value));
  }
  return text;
}

Failure failure_of(const Reply& reply, const std::string& path) {
  Failure failure{exit_code_of(reply.status), {}};
  const auto parsed_body = parse_json(reply.body);
  const json problem = parsed_body && parsed_body->is_object() ? *parsed_body : json::object();
  for (const json& error : problem.value("errors", json::array())) {
    failure.errors.push_back({text_of(error, "code"), text_of(error, "detail"), text_of(error, "hint"),
                              without_fragment_sign(text_of(error, "pointer"))});
  }
  if (!failure.errors.empty()) return failure;
  const std::string detail = text_of(problem, "detail");
  failure.errors.push_back(
      {text_of(problem, "code"),
       detail.empty() ? fmt::format("{} was answered with status {}", path, reply.status) : detail,
       text_of(problem, "hint"), ""});
  return failure;
}

Api::Api(const std::string& daemon, const std::string& token)
    : address_(full_address(daemon)),
      base_(path_of(address_)),
      http_(address_.substr(0, address_.size() - base_.size())) {
  std::signal(SIGPIPE,
              SIG_IGN);  // a daemon that goes away is an error to report, not the end of this program
  http_.set_connection_timeout(std::chrono::seconds(5));
  http_.set_read_timeout(std::chrono::seconds(60));
  if (!token.empty()) http_.set_bearer_token_auth(token);
}

Result<Reply, Failure> Api::check(const httplib::Result& result, const std::string& path) const {
  if (!result) return unreachable(address_, result.error());
  Reply reply{result->status, result->body, result->headers};
  if (reply.status >= 400) return failure_of(reply, path);
  return reply;
}

Result<Reply, Failure> Api::get_raw(const std::string& path) { return check(http_.Get(base_ + path), path); }

Result<json, Failure> Api::get(const std::string& path) {
  auto reply = get_raw(path);
  if (!reply) return reply.error();
  return parsed(*reply, path);
}

Result<json, Failure> Api::post(const std::string& path, const json& body) {
  const httplib::Headers headers = {{"Idempotency-Key", random_key()}};
  const std::string text = body.is_null() ? "" : dump_json(body);
  const auto send = [&] { return http_.Post(base_ + path, headers, text, text.empty() ? "" : "application/json"); };
  auto result = send();
  if (!result && result.error() != httplib::Error::Connection) result = send();
  auto reply = check(result, path);
  if (!reply) return reply.error();
  return parsed(*reply, path);
}

Result<json, Failure> Api::get_all(const std::string& path, Query query) {
  json items = json::array();
  query.emplace_back("limit", "1000");
  query.emplace_back("cursor", "");
  for (Query page_query(query.begin(), query.end() - 1);; page_query = query) {
    auto page = get(with_query(path, page_query));
    if (!page) return page.error();
    for (json& item : (*page)["items"]) items.push_back(std::move(item));
    const std::string cursor = text_of(*page, "next_cursor");
    if (cursor.empty()) return items;
    query.back().second = cursor;
  }
}

}  // namespace sweetspot::daemon
