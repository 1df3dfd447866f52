// Boost 1.74's awaitable.hpp forgets <utility>; everything that needs Asio includes this.
#pragma once

#include <utility>

#include <boost/asio.hpp>

namespace sweetspot::daemon {
namespace asio = boost::asio;
}
