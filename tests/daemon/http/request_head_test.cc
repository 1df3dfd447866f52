#include "daemon/http/request_head.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

const std::string kHost = "Host: localhost:8765\r\n";

Result<RequestHead, Problem> parse(const std::string& text) { return parse_request_head(text, {}); }

int status_of(const std::string& text) {
  const auto head = parse(text);
  return head ? 200 : head.error().status;
}

TEST(RequestHead, KeepsWhatIsKnownInLowerCase) {
  const auto head = parse("POST /api/v1/sweeps?dry_run=1 HTTP/1.1\r\n" + kHost +
                          "CONTENT-LENGTH: 12\r\nContent-Type:  application/json \r\nX-Other: 1\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path(), "/api/v1/sweeps");
  EXPECT_EQ(head->content_length, 12u);
  EXPECT_EQ(head->headers.at("content-type"), "application/json");
  EXPECT_FALSE(head->headers.contains("x-other"));
}

TEST(RequestHead, HidesHeadersThatHttplibWouldBelieve) {
  const auto head =
      parse("GET / HTTP/1.1\r\n" + kHost +
            "REMOTE_ADDR: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers.size(), 1u);
}

struct Hostile {
  std::string name, text;
  int status;
};
void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

class HostileHead : public testing::TestWithParam<Hostile> {};

TEST_P(HostileHead, IsRefused) {
  EXPECT_EQ(status_of(GetParam().text), GetParam().status) << GetParam().name;
}

std::string get(const std::string& headers) { return "GET / HTTP/1.1\r\n" + kHost + headers + "\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\n" + kHost + "\r\n"; }

std::string many_headers(int count) {
  std::string headers;
  for (int i = 0; i < count; ++i) headers += "X-" + std::to_string(i) + ": 1\r\n";
  return headers;
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, HostileHead,
    testing::Values(Hostile{"chunked", get("Transfer-Encoding: chunked\r\n"), 411},
                    Hostile{"chunked with a length",
                            get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 411},
                    Hostile{"hidden chunked", get("Transfer-Encoding: xchunked\r\n"), 411},
                    Hostile{"gzip body", get("Content-Encoding: gzip\r\n"), 415},
                    Hostile{"two lengths", get("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
                    Hostile{"two equal lengths", get("Content-Length: 3\r\ncontent-length: 3\r\n"), 400},
                    Hostile{"negative length", get("Content-Length: -1\r\n"), 400},
                    Hostile{"signed length", get("Content-Length: +1\r\n"), 400},
                    Hostile{"hexadecimal length", get("Content-Length: 0x10\r\n"), 400},
                    Hostile{"list of lengths", get("Content-Length: 3, 3\r\n"), 400},
                    Hostile{"empty length", get("Content-Length:\r\n"), 400},
                    Hostile{"huge length", get("Content-Length: 99999999999999999999999\r\n"), 413},
                    Hostile{"length over the limit", get("Content-Length: 1048577\r\n"), 413},
                    Hostile{"two hosts", get("Host: evil\r\n"), 400},
                    Hostile{"two tokens", get("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
                    Hostile{"folded line", get("X-A: 1\r\n  folded\r\n"), 400},
                    Hostile{"space before colon", get("Content-Length : 3\r\n"), 400},
                    Hostile{"no colon", get("nonsense\r\n"), 400}, Hostile{"empty name", get(": 1\r\n"), 400},
                    Hostile{"NUL in a value", get(std::string("X-A: a\0b\r\n", 10)), 400},
                    Hostile{"bare CR in a value", get("X-A: a\rb\r\n"), 400},
                    Hostile{"bare LF", "GET / HTTP/1.1\n" + kHost + "\r\n", 400},
                    Hostile{"65 header lines", "GET / HTTP/1.1\r\n" + many_headers(65) + "\r\n", 431},
                    Hostile{"absolute target", line("GET http://evil/ HTTP/1.1"), 400},
                    Hostile{"authority target", line("CONNECT evil:443 HTTP/1.1"), 400},
                    Hostile{"asterisk target", line("OPTIONS * HTTP/1.1"), 400},
                    Hostile{"no version", line("GET /"), 400}, Hostile{"HTTP/2", line("GET / HTTP/2.0"), 400},
                    Hostile{"HTTP/1.10", line("GET / HTTP/1.10"), 400},
                    Hostile{"no method", line(" / HTTP/1.1"), 400},
                    Hostile{"method with a colon", line("GE:T / HTTP/1.1"), 400},
                    Hostile{"long method", line("ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1"), 400},
                    Hostile{"space in the target", line("GET /a b HTTP/1.1"), 400},
                    Hostile{"bytes beyond ASCII in the target", line("GET /\xc3\xa6 HTTP/1.1"), 400},
                    Hostile{"fragment", line("GET /#x HTTP/1.1"), 400},
                    Hostile{"long path", line("GET /" + std::string(800, 'a') + " HTTP/1.1"), 414},
                    Hostile{"long query", line("GET /?" + std::string(5000, 'a') + " HTTP/1.1"), 414},
                    Hostile{"empty line first", "\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n", 400}));

TEST(RequestHead, SixtyFourLinesAreStillFine) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + many_headers(64) + "\r\n"), 200);
}

}  // namespace
}  // namespace sweetspot::daemon
