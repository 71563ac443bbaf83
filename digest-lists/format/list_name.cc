// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/list_name.h"

#include <compare>

namespace diglim {
namespace {

constexpr std::string_view digits = "0123456789";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes what is before the next dash, and the dash. Nothing if there is no dash.
std::optional<std::string_view> take_part(std::string_view& name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto part = name.substr(0, dash);
  name.remove_prefix(dash + 1);
  return part;
}

/// Takes the number that both begin with, and compares: fewer digits are less.
std::strong_ordering compare_numbers(std::string_view& a, std::string_view& b) {
  const auto take = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    const auto number = text.substr(0, text.find_first_not_of(digits));
    text.remove_prefix(number.size());
    return number;
  };
  const auto x = take(a), y = take(b);
  return x.size() != y.size() ? x.size() <=> y.size() : x <=> y;
}

}  // namespace

std::optional<ListName> read_list_name(std::string_view name) {
  constexpr std::string_view type_end = "_list";
  const auto number = take_part(name), type = take_part(name), format = take_part(name);
  if (!format || number->empty() || number->find_first_not_of(digits) != std::string_view::npos) return std::nullopt;
  if (type->size() <= type_end.size() || !type->ends_with(type_end) || format->empty() || name.empty()) return std::nullopt;
  return ListName{.type = type->substr(0, type->size() - type_end.size()), .format = *format};
}

bool loads_before(std::string_view a, std::string_view b) {
  std::string_view l = a, r = b;
  while (!l.empty() && !r.empty()) {
    if (is_digit(l.front()) && is_digit(r.front())) {
      if (const auto order = compare_numbers(l, r); order != 0) return order < 0;
    } else if (l.front() == r.front()) {
      l.remove_prefix(1);
      r.remove_prefix(1);
    } else {
      break;
    }
  }
  if (l.empty() && r.empty()) return a < b;
  // Byte by byte, the end before everything else.
  return l.empty() || (!r.empty() && static_cast<unsigned char>(l.front()) < static_cast<unsigned char>(r.front()));
}

}  // namespace diglim
