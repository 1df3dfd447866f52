// Result<T>: a value, or the Error that a person can act on. Expected failures are Results everywhere in
// schemas/, daemon/ and worker/; exceptions are caught at the boundary of the library that throws them.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sweetspot {

// What went wrong, where, and what to do next. `code` is stable and machine readable (lower_snake_case).
// `pointer` is a JSON Pointer into the document the error is about ("/axes/layers/0"), or empty.
struct Error {
  std::string code;
  std::string message;
  std::string hint;
  std::string pointer;
  bool operator==(const Error&) const = default;
};

// All errors of one document at once, in document order.
using Errors = std::vector<Error>;

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const E& error() const& { return std::get<1>(state_); }
  E&& error() && { return std::get<1>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, E> state_;
};

// The Result of something done for its effect.
using Status = Result<std::monostate>;
inline Status success() { return Status(std::monostate{}); }

}  // namespace sweetspot
