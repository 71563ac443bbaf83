// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html_text.h"

#include <fmt/format.h>

#include <cstdint>

#include "judge/safe_text.h"

namespace diglab {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string html(std::string_view text) {
  std::string result;
  for (const char c : safe_text(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string html_cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return html(text);
  return html(text.substr(0, limit)) + fmt::format("\n<i>{} more bytes in events.jsonl</i>", text.size() - limit);
}

std::string html_link(std::string_view path) {
  std::string result = "./";
  for (const char c : path) {
    if (plain(c) || c == '/')
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<std::uint8_t>(c));
  }
  return result;
}

std::string html_id(std::string_view text) {
  std::string result = "s-";
  for (const char c : text) result += plain(c) && c != '.' ? c : '-';
  return result;
}

}  // namespace diglab
