// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/boot_parameters.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

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

/// As the kernel takes the value of diglim.dirs=; nothing if it does not.
std::optional<std::vector<std::string>> directories_of(std::string_view value) {
  constexpr std::size_t most = 8;
  auto directories = split(value, ",");
  const auto commas = static_cast<std::size_t>(std::ranges::count(value, ','));
  const bool good = value.empty() || (directories.size() == commas + 1 && directories.size() <= most &&
                                      std::ranges::all_of(directories, [](const auto& each) { return each.starts_with('/'); }));
  return good ? std::optional(std::move(directories)) : std::nullopt;
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
  bool has_template = false, has_hash = false;
  for (const auto& word : words_of_command_line(command_line)) {
    if (word == "--") break;  // the rest is for init
    // The older words for a policy.
    if (word == "ima_tcb" || word == "ima_appraise_tcb") boot.policy.push_back(word.substr(4));
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const auto key = std::string_view(word).substr(0, equals), value = std::string_view(word).substr(equals + 1);
    if (key == "ima_policy") {
      // Given twice, both count.
      for (auto& each : split(value, "| \n")) boot.policy.push_back(std::move(each));
    } else if (key == "diglim.dirs") {
      boot.directories = directories_of(value).value_or(BootParameters().directories);
    } else if (key == "diglim.uploader") {
      boot.uploader = value.empty() || value.starts_with('/') ? std::string(value) : BootParameters().uploader;
    } else if (key == "ima_template" || key == "ima_template_fmt") {
      // Here, and below, the first counts.
      if (!std::exchange(has_template, true)) boot.file_template = value;
    } else if (key == "ima_hash") {
      if (!std::exchange(has_hash, true)) boot.file_hash = value;
    } else if (key == "lsm") {
      const auto names = split(value, ",");
      boot.has_lsm = std::ranges::find(names, "diglim") != names.end();
    } else if (key == "init") {
      boot.init = value;
    } else if (key == "rdinit") {
      boot.rdinit = value;
    } else if (key == "root") {
      boot.root_device = value;
    } else if (key == "initrd") {
      boot.names_initramfs = true;
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

bool BootParameters::measures_reads() const {
  const auto first = std::ranges::find_if(policy, [](const auto& word) { return word == "tcb" || word == "exec_tcb"; });
  return first != policy.end() && *first == "tcb";
}

bool BootParameters::has(std::string_view policy_word) const {
  return std::ranges::find(policy, policy_word) != policy.end();
}

}  // namespace diglim::tool
