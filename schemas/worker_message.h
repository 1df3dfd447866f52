// What daemon and worker say to each other, one JSON object a line over a Unix socket. PROTOCOL.md is the
// specification; these are its types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/cell.h"
#include "schemas/ids.h"
#include "schemas/metrics.h"
#include "schemas/result.h"
#include "schemas/run_state.h"

namespace sweetspot {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kMaxFrameBytes = 1 << 20;

// The grant that a message speaks about. A message with a fence that is not the run's newest changes nothing.
struct Grant {
  RunId run;
  Fence fence;
  auto operator<=>(const Grant&) const = default;
};

// --- worker -> daemon ---
struct Hello {
  int protocol = kProtocolVersion;
  WorkerId worker;     // as given on its command line
  std::string device;  // "cpu:0", "cuda:1"
  std::int64_t pid = 0;
  std::int64_t start_time = 0;  // of the process, in clock ticks since boot: tells a reused pid apart
  std::string build;
  std::vector<Grant> grants;  // what it is doing now; not empty when it reconnects
  bool operator==(const Hello&) const = default;
};
struct Started {
  Grant grant;
  bool operator==(const Started&) const = default;
};
struct Progress {  // at most a few a second; may be dropped
  Grant grant;
  std::string phase;                    // loading, encoding, training, validating, evaluating
  std::int64_t step = 0, steps = 0;     // of the whole training (training) or of the phase (others)
  double loss = 0, lr = 0;              // training only
  std::optional<double> gradient_norm;  // of step - 1, before clipping; training only
  bool operator==(const Progress&) const = default;
};
struct EpochDone {
  Grant grant;
  EpochMetrics metrics;
  bool operator==(const EpochDone&) const = default;
};
struct Done {
  Grant grant;
  RunResult result;
  bool operator==(const Done&) const = default;
};
struct Failed {
  Grant grant;
  ErrorClass error_class = ErrorClass::internal;
  Error error;
  bool operator==(const Failed&) const = default;
};
struct Stopped {
  Grant grant;
  bool operator==(const Stopped&) const = default;
};  // answers Cancel
struct Heartbeat {
  std::int64_t steps = 0;
  bool operator==(const Heartbeat&) const = default;
};  // each second

using WorkerMessage = std::variant<Hello, Started, Progress, EpochDone, Done, Failed, Stopped, Heartbeat>;

// `seq` numbers a worker's reliable messages (Started, EpochDone, Done, Failed, Stopped) from 1; it is 0 for
// the others. A reliable message is kept and sent again after a reconnect until its Ack.
struct WorkerFrame {
  std::int64_t seq = 0;
  WorkerMessage message;
  bool operator==(const WorkerFrame&) const = default;
};

// --- daemon -> worker ---
struct Assignment {
  Grant grant;
  int attempt = 1;
  std::string directory;  // the attempt's own: <state>/runs/<run>/a<fence>
  // Those of the run's earlier attempts, the newest first: it may go on from a checkpoint there.
  std::vector<std::string> earlier;
  Cell cell;
  // What cells of the sweep keep of this encoder over this corpus: features that one pass may as well give.
  std::vector<int> depths;
  bool operator==(const Assignment&) const = default;
};
struct Welcome {
  int protocol = kProtocolVersion;
  bool operator==(const Welcome&) const = default;
};
struct Start {
  std::vector<Assignment> pack;
  bool operator==(const Start&) const = default;
};
struct Cancel {
  Grant grant;
  bool operator==(const Cancel&) const = default;
};
struct Ack {
  std::int64_t seq = 0;
  bool operator==(const Ack&) const = default;
};  // committed up to seq
struct Stale {
  Grant grant;
  bool operator==(const Stale&) const = default;
};  // drop it: another grant is newer
struct Exit {
  std::string reason;
  bool operator==(const Exit&) const = default;
};  // finish nothing, exit 0

using DaemonMessage = std::variant<Welcome, Start, Cancel, Ack, Stale, Exit>;

// One line, without the newline.
std::string encode(const WorkerFrame& frame);
std::string encode(const DaemonMessage& message);
Result<WorkerFrame> decode_worker_frame(std::string_view line);
Result<DaemonMessage> decode_daemon_message(std::string_view line);

}  // namespace sweetspot
