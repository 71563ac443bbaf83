// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/pcr.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "attest/printable.h"

namespace diglab {
namespace {

constexpr std::uint32_t highest_pcr = 23;

Result<std::uint32_t> index_of(std::string_view text) {
  std::uint32_t index = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::bad_input, fmt::format("a PCR number expected, \"{}\" found", printable(text, 40)));
  return index;
}

Result<Bytes> value_of(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  return TRY(from_hex(text), "PCR value");
}

/// A bank that TPMs may have and this program cannot replay: its values are passed over.
bool is_foreign_bank(std::string_view name) {
  return name == "sm3_256" || name == "sha3_256" || name == "sha3_384" || name == "sha3_512";
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view separators = " \t\r:=/";
  std::vector<std::string_view> words;
  for (std::size_t begin = 0;;) {
    begin = line.find_first_not_of(separators, begin);
    if (begin == std::string_view::npos) return words;
    std::size_t end = std::min(line.find_first_of(separators, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
}

/// The text forms, line by line; the bank of the last heading serves lines that name none.
class LineParser {
 public:
  PcrBanks pcrs;

  Result<void> line(std::string_view line) {
    std::vector<std::string_view> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) return {};
    if (words.size() == 1) return bank(words[0]);
    if (words.size() > 2) {
      std::string_view name = words[words.size() - 3];
      if (name.starts_with("pcr-"))
        name.remove_prefix(4);
      else if (words.size() > 3)
        return fail(ErrorKind::bad_input, fmt::format("\"{}\" is no PCR value", printable(line, 60)));
      TRY_VOID(bank(name));
    }
    if (foreign_) return {};
    if (!bank_) return fail(ErrorKind::bad_input, "a PCR value before the name of its bank");
    return pcrs.set(*bank_, TRY(index_of(words[words.size() - 2])), TRY(value_of(words.back())));
  }

 private:
  Result<void> bank(std::string_view name) {
    bank_ = hash_algorithm_named(name);
    foreign_ = is_foreign_bank(name);
    if (!bank_ && !foreign_)
      return fail(ErrorKind::bad_input, fmt::format("\"{}\" is no PCR bank", printable(name, 40)));
    return {};
  }

  std::optional<HashAlgorithm> bank_;
  bool foreign_ = false;
};

Result<PcrBanks> parse_json(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::bad_input, "PCR values: not a JSON object");
  PcrBanks pcrs;
  for (const auto& [name, values] : json.items()) {
    if (is_foreign_bank(name)) continue;
    auto bank = hash_algorithm_named(name);
    if (!bank || !values.is_object())
      return fail(ErrorKind::bad_input,
                  fmt::format("PCR values: \"{}\" is no PCR bank with its values", printable(name, 40)));
    for (const auto& [index, value] : values.items()) {
      if (!value.is_string())
        return fail(ErrorKind::bad_input, fmt::format("PCR values: {} {} is no string", name, printable(index, 40)));
      std::string context = fmt::format("PCR values: {} {}", name, printable(index, 40));
      TRY_VOID(
          pcrs.set(*bank, TRY(index_of(index), context), TRY(value_of(value.get_ref<const std::string&>()), context)),
          context);
    }
  }
  return pcrs;
}

}  // namespace

const Bytes* PcrBanks::find(HashAlgorithm bank, std::uint32_t pcr) const {
  auto values = banks_.find(bank);
  if (values == banks_.end()) return nullptr;
  auto value = values->second.find(pcr);
  return value == values->second.end() ? nullptr : &value->second;
}

Result<void> PcrBanks::set(HashAlgorithm bank, std::uint32_t pcr, Bytes value) {
  if (pcr > highest_pcr) return fail(ErrorKind::bad_input, fmt::format("PCR number {} is above {}", pcr, highest_pcr));
  if (value.size() != digest_size(bank))
    return fail(ErrorKind::bad_input, fmt::format("{} bytes for PCR {} of bank {}, which has {}", value.size(), pcr,
                                                  name_of(bank), digest_size(bank)));
  banks_[bank][pcr] = std::move(value);
  return {};
}

std::string PcrBanks::to_string() const {
  std::string text;
  for (const auto& [bank, values] : banks_) {
    text += fmt::format("  {}:\n", name_of(bank));
    for (const auto& [pcr, value] : values) text += fmt::format("    {:<2}: 0x{}\n", pcr, to_hex(value));
  }
  return text;
}

Result<PcrBanks> parse_pcrs(std::string_view text) {
  std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && text[start] == '{') return parse_json(text);
  LineParser parser;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t end = std::min(text.find('\n'), text.size());
    TRY_VOID(parser.line(text.substr(0, end)), fmt::format("PCR values, line {}", number));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(parser.pcrs);
}

}  // namespace diglab
