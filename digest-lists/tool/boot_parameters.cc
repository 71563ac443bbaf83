// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/boot_parameters.h"

#include <algorithm>
#include <charconv>

namespace diglim::tool {
namespace {

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::vector<std::string> written_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> words_of_command_line(std::string_view text) {
  auto words = written_words(text);
  for (auto& word : words) std::erase(word, '"');
  std::erase(words, "");
  return words;
}

BootParameters BootParameters::parse(std::string_view command_line) {
  BootParameters boot;
  for (const auto& word : words_of_command_line(command_line)) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const auto key = std::string_view(word).substr(0, equals), value = std::string_view(word).substr(equals + 1);
    if (key == "ima_policy") {
      // Given twice, both count.
      for (auto& each : split(value, "| \n")) boot.policy.push_back(std::move(each));
    } else if (key == "diglim.dirs") {
      boot.directories = split(value, ",");
    } else if (key == "diglim.uploader") {
      boot.uploader = value;
    } else if (key == "ima_template") {
      boot.file_template = value;
    } else if (key == "ima_hash") {
      boot.file_hash = value;
    } else if (key == "ima_appraise") {
      boot.appraise = value;
    } else if (key == "rd.diglim") {
      boot.loads_of_root = value != "0";
    } else if (key == "ima_diglim_pcr") {
      std::uint32_t pcr = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), pcr);
      // The kernel keeps its default for what is no PCR, and for IMA's own.
      if (error == std::errc() && end == value.data() + value.size() && pcr < 24 && pcr != 10) boot.pcr = pcr;
    }
  }
  return boot;
}

bool BootParameters::has(std::string_view policy_word) const {
  return std::ranges::find(policy, policy_word) != policy.end();
}

}  // namespace diglim::tool
