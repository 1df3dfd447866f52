// One description of a struct's fields serves both directions: Fields<T>::visit names each field once, and
// write_fields / read_fields walk it. Private to schemas/*.cc.
#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "schemas/ids.h"

namespace sweetspot::fields {

using json = nlohmann::json;

// Specialised for each struct: static void visit(auto& value, auto&& field) { field("name", value.name); ...
// }
template <class T>
struct Fields;
template <class T>
concept Described = requires {
  sizeof(Fields<T>);
};

enum class Missing { take_default, refuse };

template <Described T>
json write(const T& value);
template <Described T>
void read(const json& in, T& out, Missing missing);

// NaN and infinities have no JSON: they are written as null and read back as NaN.
inline json write(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
inline void read(const json& in, double& out, Missing) {
  out = in.is_null() ? std::numeric_limits<double>::quiet_NaN() : in.get<double>();
}
template <class T>
requires(!Described<T> && !std::is_same_v<T, double>) json write(const T& value) { return value; }
template <class T>
requires(!Described<T> && !std::is_same_v<T, double>) void read(const json& in, T& out, Missing) {
  in.get_to(out);
}

template <class Tag>
json write(Id<Tag> id) {
  return id.value;
}
template <class Tag>
void read(const json& in, Id<Tag>& out, Missing) {
  out.value = in.get<std::int64_t>();
}

template <class T>
json write(const std::optional<T>& value) {
  return value ? write(*value) : json(nullptr);
}
template <class T>
void read(const json& in, std::optional<T>& out, Missing missing) {
  if (in.is_null()) out.reset();
  else read(in, out.emplace(), missing);
}

template <Described T>
json write(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) out.push_back(write(value));
  return out;
}
template <Described T>
void read(const json& in, std::vector<T>& out, Missing missing) {
  out.clear();
  for (const json& item : in) read(item, out.emplace_back(), missing);
}

template <Described T>
json write(const T& value) {
  json out = json::object();
  Fields<T>::visit(value, [&](const char* name, const auto& member) { out[name] = write(member); });
  return out;
}

// Throws nlohmann's type errors, or std::invalid_argument naming a missing field.
template <Described T>
void read(const json& in, T& out, Missing missing) {
  Fields<T>::visit(out, [&](const char* name, auto& member) {
    const auto found = in.find(name);
    if (found != in.end()) read(*found, member, missing);
    else if (missing == Missing::refuse)
      throw std::invalid_argument(std::string("field '") + name + "' is missing");
  });
}

}  // namespace sweetspot::fields
