// One description of a struct's fields serves both directions: Fields<T>::visit names each field once, and
// write_fields / read_fields walk it. Private to schemas/*.cc.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "schemas/ids.h"
#include "schemas/run_state.h"

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

// What becomes of a field that the document lacks.
enum class Missing { take_default, refuse };
// Marks a field that documents of earlier versions do not have, and that is never missed: so a field can be
// added without a new version of what is stored or said.
struct AddedLater {};
inline constexpr AddedLater kAddedLater;

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
concept WholeNumber = std::integral<T> && !std::is_same_v<T, bool>;
template <class T>
requires(!Described<T> && !std::is_same_v<T, double>) json write(const T& value) { return value; }
template <class T>
requires(!Described<T> && !std::is_same_v<T, double> && !WholeNumber<T>) void read(const json& in, T& out,
                                                                                   Missing) {
  in.get_to(out);
}

// nlohmann would cut a fraction off and let a large number wrap around. 2.0 is a whole number, as in the
// schema.
template <WholeNumber T>
void read(const json& in, T& out, Missing) {
  const auto whole = [](double n) { return n == std::trunc(n) && std::abs(n) <= 0x1p53; };
  const bool fits = in.is_number_unsigned()  ? std::in_range<T>(in.get<std::uint64_t>())
                    : in.is_number_integer() ? std::in_range<T>(in.get<std::int64_t>())
                                             : in.is_number_float() && whole(in.get<double>()) &&
                                                   std::in_range<T>(std::int64_t(in.get<double>()));
  if (!fits) throw std::invalid_argument("a whole number was expected that fits its field");
  in.get_to(out);
}

template <class Tag>
json write(Id<Tag> id) {
  return id.value;
}
template <class Tag>
void read(const json& in, Id<Tag>& out, Missing missing) {
  read(in, out.value, missing);
}

// Enums travel by name. Declared here, before the templates that must find them.
inline json write(ErrorClass error_class) { return to_string(error_class); }
inline void read(const json& in, ErrorClass& out, Missing) {
  const auto parsed = parse_error_class(in.get<std::string>());
  if (!parsed) throw std::invalid_argument("unknown error class '" + in.get<std::string>() + "'");
  out = *parsed;
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
  if (!in.is_array()) throw std::invalid_argument("a list was expected");
  out.clear();
  for (const json& item : in) read(item, out.emplace_back(), missing);
}

template <Described T>
json write(const T& value) {
  json out = json::object();
  Fields<T>::visit(value, [&](const char* name, const auto& member, auto...) { out[name] = write(member); });
  return out;
}

// Throws nlohmann's type errors, or std::invalid_argument naming a missing field.
template <Described T>
void read(const json& in, T& out, Missing missing) {
  Fields<T>::visit(out, [&](const char* name, auto& member, auto... added_later) {
    const auto found = in.find(name);
    if (found != in.end()) read(*found, member, missing);
    else if (missing == Missing::refuse && sizeof...(added_later) == 0)
      throw std::invalid_argument(std::string("field '") + name + "' is missing");
  });
}

}  // namespace sweetspot::fields
