#include "daemon/hub/url.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TEST(Url, IsReadWithItsDefaults) {
  EXPECT_EQ(*parse_url("https://Hub.example"), (Url{"https", "hub.example", 443, "/"}));
  EXPECT_EQ(*parse_url("http://127.0.0.1:8080/a/b?c=d#e"), (Url{"http", "127.0.0.1", 8080, "/a/b?c=d"}));
  EXPECT_EQ(*parse_url("http://[::1]:80/x"), (Url{"http", "[::1]", 80, "/x"}));
  EXPECT_EQ(parse_url("https://h?q")->path, "/?q");
}

TEST(Url, ThatCannotBeUsedIsRefused) {
  for (const char* text :
       {"", "hub.example", "ftp://h/x", "file:///etc/passwd", "https://", "https://h:0/", "https://h:70000",
        "https://h:x", "https://user:pass@h/", "https://h/\r\nHost: x", "https://h/ x"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Url, OfARedirectIsResolved) {
  const Url base = *parse_url("https://h:8443/a/b");
  EXPECT_EQ(resolve(base, "/c?d")->text(), "https://h:8443/c?d");
  EXPECT_EQ(resolve(base, "//cdn/c")->text(), "https://cdn:443/c");
  EXPECT_EQ(resolve(base, "http://other/c")->text(), "http://other:80/c");
  EXPECT_FALSE(resolve(base, ""));
  EXPECT_FALSE(resolve(base, "javascript:alert(1)"));
}

TEST(Url, HasAnOriginOfSchemeHostAndPort) {
  const Url base = *parse_url("https://hub.example/a");
  EXPECT_TRUE(same_origin(base, *parse_url("https://HUB.example:443/b")));
  for (const char* other : {"http://hub.example/a", "https://hub.example:8443/a",
                            "https://hub.example.evil/a", "https://cdn.hub.example/a"})
    EXPECT_FALSE(same_origin(base, *parse_url(other))) << other;
}

TEST(Url, EncodesARevisionAsOneStep) { EXPECT_EQ(percent_encode("refs/pr/1"), "refs%2Fpr%2F1"); }

}  // namespace
}  // namespace sweetspot::daemon
