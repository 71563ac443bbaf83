// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/safe_text.h"

#include <cstdint>

namespace diglab {
namespace {

/// Length of the well-formed character at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return length;
}

/// U+0080..U+009F, the bidirectional controls and U+FFFE/U+FFFF: valid UTF-8, but no text that a page should obey.
bool invisible(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xc2' && static_cast<std::uint8_t>(character[1]) < 0xa0;
  if (character.size() != 3) return false;
  if (character.starts_with("\xe2\x80"))
    return character[2] == '\x8e' || character[2] == '\x8f' || (character[2] >= '\xa8' && character[2] <= '\xae');
  if (character.starts_with("\xe2\x81")) return character[2] >= '\xa6' && character[2] <= '\xa9';
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

constexpr std::string_view replacement = "\xef\xbf\xbd";

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string safe_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      result += replacement;
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, length);
    const auto code = static_cast<std::uint8_t>(character[0]);
    text.remove_prefix(length);
    if (length > 1) {
      result += invisible(character) ? replacement : character;
    } else if (code == '\r' && text.starts_with('\n')) {
      continue;
    } else if (code == 0x7f) {
      result += "\xe2\x90\xa1";
    } else if (code >= 0x20 || code == '\n' || code == '\t') {
      result += character;
    } else {
      result += "\xe2\x90";
      result += static_cast<char>(0x80 + code);
    }
  }
  return result;
}

std::string one_line(std::string_view text, std::size_t limit) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  std::string clean = safe_text(text);
  for (char& c : clean) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  std::size_t end = 0;
  for (std::size_t count = 0; end < clean.size(); ++count) {
    if (count == limit) {
      clean.resize(end);
      return clean + "\xe2\x80\xa6";
    }
    end += utf8_length(std::string_view(clean).substr(end));
  }
  return clean;
}

}  // namespace diglab
