#include "schemas/worker_message.h"

#include "schemas/cell_fields.h"
#include "schemas/json_text.h"
#include "schemas/metrics_fields.h"

namespace sweetspot::fields {

template <>
struct Fields<Grant> {
  static void visit(auto& g, auto&& field) { field("run", g.run), field("fence", g.fence); }
};
template <>
struct Fields<Error> {
  static void visit(auto& e, auto&& field) {
    field("code", e.code), field("message", e.message), field("hint", e.hint), field("pointer", e.pointer);
  }
};
template <>
struct Fields<Hello> {
  static void visit(auto& h, auto&& field) {
    field("protocol", h.protocol), field("worker", h.worker), field("device", h.device), field("pid", h.pid);
    field("start_time", h.start_time), field("build", h.build), field("grants", h.grants);
  }
};
template <>
struct Fields<Started> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant); }
};
template <>
struct Fields<Progress> {
  static void visit(auto& p, auto&& field) {
    field("grant", p.grant), field("phase", p.phase), field("step", p.step), field("steps", p.steps);
    field("loss", p.loss), field("lr", p.lr), field("gradient_norm", p.gradient_norm, kAddedLater);
  }
};
template <>
struct Fields<EpochDone> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant), field("metrics", m.metrics); }
};
template <>
struct Fields<Done> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant), field("result", m.result); }
};
template <>
struct Fields<Failed> {
  static void visit(auto& m, auto&& field) {
    field("grant", m.grant), field("error_class", m.error_class), field("error", m.error);
  }
};
template <>
struct Fields<Stopped> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant); }
};
template <>
struct Fields<Heartbeat> {
  static void visit(auto& m, auto&& field) { field("steps", m.steps); }
};
template <>
struct Fields<Assignment> {
  static void visit(auto& a, auto&& field) {
    field("grant", a.grant), field("attempt", a.attempt), field("directory", a.directory),
        field("earlier", a.earlier), field("cell", a.cell), field("depths", a.depths, kAddedLater);
  }
};
template <>
struct Fields<Welcome> {
  static void visit(auto& m, auto&& field) { field("protocol", m.protocol); }
};
template <>
struct Fields<Start> {
  static void visit(auto& m, auto&& field) { field("pack", m.pack); }
};
template <>
struct Fields<Cancel> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant); }
};
template <>
struct Fields<Ack> {
  static void visit(auto& m, auto&& field) { field("seq", m.seq); }
};
template <>
struct Fields<Stale> {
  static void visit(auto& m, auto&& field) { field("grant", m.grant); }
};
template <>
struct Fields<Exit> {
  static void visit(auto& m, auto&& field) { field("reason", m.reason); }
};

}  // namespace sweetspot::fields

namespace sweetspot {

namespace {
using json = nlohmann::json;

// The word of each alternative, in the variant's order.
constexpr const char* kWorkerTypes[] = {"hello", "started", "progress", "epoch_done",
                                        "done",  "failed",  "stopped",  "heartbeat"};
constexpr const char* kDaemonTypes[] = {"welcome", "start", "cancel", "ack", "stale", "exit"};
static_assert(std::size(kWorkerTypes) == std::variant_size_v<WorkerMessage>);
static_assert(std::size(kDaemonTypes) == std::variant_size_v<DaemonMessage>);

template <class Variant>
json write_variant(const Variant& message, std::span<const char* const> types) {
  json out = std::visit([](const auto& m) { return fields::write(m); }, message);
  out["type"] = types[message.index()];
  return out;
}

// Tries each alternative by its word; the fold stops at the first that fits.
template <class Variant, std::size_t... I>
Variant read_variant(const json& in, std::span<const char* const> types, std::index_sequence<I...>) {
  const std::string type = in.at("type");
  Variant message;
  const auto read_as = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
    if (type != types[N]) return false;
    fields::read(in, message.template emplace<N>(), fields::Missing::refuse);
    return true;
  };
  if (!(read_as(std::integral_constant<std::size_t, I>{}) || ...))
    throw std::invalid_argument("unknown type '" + type + "'");
  return message;
}

Error malformed(const std::exception& e, std::string_view line) {
  return {"malformed_message", std::string(e.what()) + " in: " + std::string(line.substr(0, 200)),
          "worker and daemon must speak one protocol version; see PROTOCOL.md", ""};
}
}  // namespace

std::string encode(const WorkerFrame& frame) {
  json out = write_variant(frame.message, kWorkerTypes);
  out["seq"] = frame.seq;
  return dump_json(out);
}

std::string encode(const DaemonMessage& message) { return dump_json(write_variant(message, kDaemonTypes)); }

Result<WorkerFrame> decode_worker_frame(std::string_view line) {
  const auto document = parse_json(line);
  if (!document) return document.error();
  try {
    WorkerFrame frame;
    fields::read(document->at("seq"), frame.seq, fields::Missing::refuse);
    frame.message = read_variant<WorkerMessage>(*document, kWorkerTypes,
                                                std::make_index_sequence<std::size(kWorkerTypes)>());
    return frame;
  } catch (const std::exception& e) {
    return malformed(e, line);
  }
}

Result<DaemonMessage> decode_daemon_message(std::string_view line) {
  const auto document = parse_json(line);
  if (!document) return document.error();
  try {
    return read_variant<DaemonMessage>(*document, kDaemonTypes,
                                       std::make_index_sequence<std::size(kDaemonTypes)>());
  } catch (const std::exception& e) {
    return malformed(e, line);
  }
}

}  // namespace sweetspot
