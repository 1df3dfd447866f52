#include "daemon/hub/hub_client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>

#include "schemas/hub_cache.h"

namespace sweetspot::daemon {
namespace {

constexpr const char* kHub = "https://huggingface.co";
constexpr std::size_t kLargestDocument = 16u << 20;
constexpr int kMostRedirects = 8;

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

std::string token_from_environment() {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
    if (const char* token = std::getenv(name); token && *token) return trimmed(token);
  std::filesystem::path file = path_from_environment("HF_TOKEN_PATH");
  if (file.empty()) file = hub_home() / "token";
  std::string token;
  std::getline(std::ifstream(file), token);
  return trimmed(token);
}

// What a status of 400 and more means. The hub says more in X-Error-Code.
HubFailure refusal(const HubReply& reply, const Url& from, bool with_token) {
  const std::string code = reply.header("x-error-code");
  const std::string said = fmt::format("{} answered {}{}", from.origin() + from.path, reply.status,
                                       code.empty() ? "" : " (" + code + ")");
  const char* token = with_token ? "check that the token of HF_TOKEN may read it"
                                 : "give a token: HF_TOKEN, or a file in HF_TOKEN_PATH";
  if (code == "GatedRepo" || (reply.status == 403 && code.empty()))
    return {{"model_gated", "the model's licence must be accepted first: " + said,
             fmt::format("accept it on the model's page, then {}", token), ""}};
  if (code == "RevisionNotFound")
    return {{"revision_unknown", "the model has no such revision: " + said,
             "name a branch, tag or commit of it", ""}};
  if (reply.status == 404 || code == "RepoNotFound")
    return {{"model_unknown", "there is no such model or file: " + said,
             fmt::format("check its id; if it is private, {}", token), ""}};
  if (reply.status == 401) return {{"hub_unauthorized", "the hub refused: " + said, token, ""}};
  const bool transient = reply.status >= 500 || reply.status == 429 || reply.status == 408;
  const auto seconds = std::min<std::uint64_t>(reply.number("retry-after").value_or(0), 60);
  return {{"hub_failing", said, "try again later; what was fetched is kept", ""},
          transient,
          std::chrono::seconds(seconds)};
}

HubFailure unreachable(const Url& url, httplib::Error error) {
  const bool certificate =
      error == httplib::Error::SSLServerVerification || error == httplib::Error::SSLLoadingCerts;
  return {{"hub_unreachable",
           fmt::format("no answer from {} ({} error)", url.origin(), httplib::to_string(error)),
           certificate ? "its certificate is not trusted here; name the authority's in SSL_CERT_FILE"
                       : "check the network, or name another hub in HF_ENDPOINT; what was fetched is kept",
           ""},
          !certificate};
}

HubFailure refused_redirect(const Url& from, const std::string& location, const char* why) {
  return {{"redirect_refused", fmt::format("{} redirects to '{}', which {}", from.origin(), location, why),
           "check HF_ENDPOINT", ""}};
}

}  // namespace

Result<HubOptions> hub_options_from_environment() {
  const char* named = std::getenv("HF_ENDPOINT");
  const std::string address = named && *named ? named : kHub;
  auto endpoint = parse_url(address);
  if (!endpoint)
    return Error{"hub_endpoint_invalid", fmt::format("HF_ENDPOINT '{}' is not the address of a hub", address),
                 fmt::format("for example HF_ENDPOINT={}", kHub), ""};
  while (endpoint->path.ends_with('/')) endpoint->path.pop_back();
  HubOptions options{.endpoint = *std::move(endpoint), .token = token_from_environment()};
  if (std::ranges::all_of(options.token, [](unsigned char c) { return c > 0x20 && c < 0x7F; }))
    return options;
  return Error{"hub_token_invalid", "the token holds characters that tokens do not have",
               "check HF_TOKEN, or the file that HF_TOKEN_PATH names", ""};
}

std::string HubReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::optional<std::uint64_t> HubReply::number(const std::string& name) const {
  const std::string text = header(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

struct HubClient::Hop {
  const char* method;
  Url url;
  std::uint64_t offset = 0;
  HubSink sink = {};
};

HubClient::HubClient(HubOptions options) : options_(std::move(options)) {
  std::signal(SIGPIPE, SIG_IGN);  // a hub that goes away is an error to report
}

// One request and its answer. The body goes to the sink, unless it is that of a redirect or a refusal.
Result<HubReply, HubFailure> HubClient::exchange(const Hop& hop) {
  httplib::Client http(hop.url.origin());
  http.set_connection_timeout(options_.connect_timeout);
  http.set_read_timeout(options_.stall_timeout);
  http.set_write_timeout(options_.stall_timeout);
  http.set_url_encode(false);  // paths are encoded already, and signed ones must stay as they are
  http.set_decompress(false);
  httplib::Request request;
  request.method = hop.method;
  request.path = hop.url.path;
  request.headers = {{"Accept-Encoding", "identity"}, {"User-Agent", "sweetspot"}};
  if (hop.offset > 0) request.headers.emplace("Range", fmt::format("bytes={}-", hop.offset));
  if (!options_.token.empty() && same_origin(hop.url, options_.endpoint))
    request.headers.emplace("Authorization", "Bearer " + options_.token);

  HubReply reply;
  bool wanted = false, stopped = false;
  request.response_handler = [&](const httplib::Response& response) {
    reply.status = response.status;
    for (const auto& [name, value] : response.headers) reply.headers.emplace(lower(name), value);
    wanted = hop.sink.piece && response.status < 300;
    stopped = wanted && hop.sink.begin && !hop.sink.begin(reply);
    return wanted && !stopped;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    return !(stopped = !hop.sink.piece({data, size}));
  };
  const auto answer = http.send(request);
  // httplib calls no handler for an answer to HEAD, and calls it an error when one cancels.
  if (answer && reply.status == 0) {
    reply.status = answer->status;
    for (const auto& [name, value] : answer->headers) reply.headers.emplace(lower(name), value);
  }
  if (reply.status == 0 || (wanted && !stopped && !answer)) return unreachable(hop.url, answer.error());
  return reply;
}

Result<HubReply, HubFailure> HubClient::follow(Hop hop) {
  const bool is_head = std::string_view(hop.method) == "HEAD";
  std::map<std::string, std::string> headers;
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    auto reply = exchange(hop);
    if (!reply) return reply;
    if (reply->status >= 400 && reply->status != 416)
      return refusal(*reply, hop.url, !options_.token.empty() && same_origin(hop.url, options_.endpoint));
    // What the hub says of a file stands in its own answer; lengths and tags of a redirect are its own.
    for (const auto& [name, value] : reply->headers) {
      const bool about_file = name.starts_with("x-") || reply->status < 300;
      if (about_file) headers.emplace(name, value);
    }
    const bool redirected = reply->status >= 300 && reply->status < 400;
    if (!redirected || (is_head && headers.contains("x-linked-etag"))) {
      reply->headers = std::move(headers);
      return reply;
    }
    const std::string location = reply->header("location");
    const auto next = resolve(hop.url, location);
    if (!next) return refused_redirect(hop.url, location, "is no address");
    if (hop.url.scheme == "https" && next->scheme == "http")
      return refused_redirect(hop.url, location, "is not encrypted");
    hop.url = *next;
  }
  return refused_redirect(hop.url, hop.url.text(), "is one redirect too many");
}

Result<HubReply, HubFailure> HubClient::get(const std::string& path) {
  std::string body;
  bool complete = true;
  const HubSink sink = {.begin = {}, .piece = [&](std::string_view piece) {
                          body += piece;
                          return complete = body.size() <= kLargestDocument;
                        }};
  Url url = options_.endpoint;
  url.path += path;
  auto reply = follow({.method = "GET", .url = std::move(url), .sink = sink});
  if (!reply) return reply;
  if (!complete)
    return HubFailure{{"hub_failing", path + ": the answer is too long", "check HF_ENDPOINT", ""}};
  reply->body = std::move(body);
  return reply;
}

Result<HubReply, HubFailure> HubClient::head(const std::string& path) {
  Url url = options_.endpoint;
  url.path += path;
  return follow({.method = "HEAD", .url = std::move(url)});
}

Result<HubReply, HubFailure> HubClient::download(const std::string& path, std::uint64_t offset,
                                                 const HubSink& sink) {
  Url url = options_.endpoint;
  url.path += path;
  return follow({.method = "GET", .url = std::move(url), .offset = offset, .sink = sink});
}

}  // namespace sweetspot::daemon
