// A file as an answer: whole, the part that `Range` asks for, or the word that the client has it already.
#pragma once

#include <memory>
#include <string>

#include "daemon/http/files.h"
#include "daemon/http/message.h"

namespace sweetspot::daemon {

// As RFC 9110 says of one range of bytes: 200, 206, 304 or 416. Several ranges at once are answered by the
// whole.
Answer file_answer(const Request& request, std::shared_ptr<const OpenFile> file, std::string content_type);

}  // namespace sweetspot::daemon
