// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/evidence.h"

#include <array>

#include "os/files.h"

namespace diglab {
namespace {

// A parsed log takes some ten times its size.
constexpr std::size_t largest_log = std::size_t{1} << 28;
constexpr std::size_t largest_other = std::size_t{1} << 20;

struct BytesFile {
  const char* name;
  Bytes AttestationEvidence::* member;
};
struct TextFile {
  const char* name;
  std::string AttestationEvidence::* member;
};

constexpr std::array<BytesFile, 7> bytes_files{{{"ek.crt", &AttestationEvidence::ek_certificate},
                                                {"ek.pub", &AttestationEvidence::ek_public},
                                                {"ak.pub", &AttestationEvidence::ak_public},
                                                {"quote.msg", &AttestationEvidence::quote_message},
                                                {"quote.sig", &AttestationEvidence::quote_signature},
                                                {"ima.bin", &AttestationEvidence::binary_log},
                                                {"secret.out", &AttestationEvidence::returned_secret}}};
constexpr std::array<TextFile, 3> text_files{{{"pcrs.txt", &AttestationEvidence::pcr_values},
                                              {"ima.txt", &AttestationEvidence::ascii_log},
                                              {"challenge.json", &AttestationEvidence::challenge}}};
constexpr const char* nonce_file = "nonce.hex";

std::size_t limit_of(std::string_view name) {
  return name.starts_with("ima.") ? largest_log : largest_other;
}

std::string_view without_space(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

Result<AttestationEvidence> AttestationEvidence::load(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    return fail(ErrorKind::bad_input, directory.string() + " is no directory");
  // What cannot be looked for may be there: reading it then says why.
  auto absent = [&](const char* name) { return std::filesystem::status(directory / name, error).type() == std::filesystem::file_type::not_found; };
  AttestationEvidence evidence;
  for (const auto& [name, member] : bytes_files)
    if (!absent(name)) evidence.*member = TRY(read_bytes(directory / name, limit_of(name)));
  for (const auto& [name, member] : text_files)
    if (!absent(name)) evidence.*member = TRY(read_file(directory / name, limit_of(name)));
  if (!absent(nonce_file)) {
    std::string text = TRY(read_file(directory / nonce_file, 4096));
    evidence.nonce = TRY(from_hex(without_space(text)), (directory / nonce_file).string());
  }
  return evidence;
}

Result<void> AttestationEvidence::store(const std::filesystem::path& directory) const {
  for (const auto& [name, member] : bytes_files)
    if (!(this->*member).empty()) TRY_VOID(write_file(directory / name, text_of(this->*member)));
  for (const auto& [name, member] : text_files)
    if (!(this->*member).empty()) TRY_VOID(write_file(directory / name, this->*member));
  if (!nonce.empty()) TRY_VOID(write_file(directory / nonce_file, to_hex(nonce) + "\n"));
  return {};
}

}  // namespace diglab
