// SPDX-License-Identifier: GPL-2.0-or-later
#include "new_parser.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "format/bytes.h"
#include "format/compact.h"
#include "format/list_name.h"
#include "format/rpm_header.h"
#include "format/signature.h"

namespace diglim {
namespace {

struct Digest {
  const Algorithm* algorithm;
  std::string bytes;
};

/// Nothing: the package has no such file, or brings a list for it.
std::optional<Digest> digest_of_parser(const PackageList& package, const KnownParser& parser) {
  std::optional<Digest> digest;
  const auto parts = split_signature(bytes_of(package.content));
  const auto header = parts ? RpmHeader::read(parts->content) : Result<RpmHeader>(std::unexpected(parts.error()));
  auto files = header ? RpmFiles::read(*header) : Result<RpmFiles>(std::unexpected(header.error()));
  if (!files) return digest;
  for (auto file = files->next(); file && *file; file = files->next()) {
    const auto name = read_list_name((*file)->name);
    if (name && name->type == "parser" && (*file)->directory == parser.lists + "/") return std::nullopt;
    if (!(*file)->has_content() || std::string((*file)->directory) + std::string((*file)->name) != parser.path) continue;
    digest = Digest{&files->algorithm(), std::string((*file)->digest.size() / 2, '\0')};
    from_hex((*file)->digest, reinterpret_cast<std::uint8_t*>(digest->bytes.data()));
  }
  return digest;
}

/// What the kernel's compact lists say of one digest.
struct Known {
  bool any_parser = false, as_parser = false, as_file = false;

  void add(const std::string& list, const Digest& digest) {
    CompactReader blocks(bytes_of(list));
    for (auto block = blocks.next(); block && *block; block = blocks.next()) {
      any_parser |= (*block)->type == Type::parser;
      if ((*block)->algorithm != digest.algorithm) continue;
      for (std::size_t i = 0; i < (*block)->count; ++i) {
        if (text_of((*block)->digest(i)) != digest.bytes) continue;
        as_parser |= (*block)->type == Type::parser;
        as_file |= (*block)->type == Type::file;
      }
    }
  }
};

}  // namespace

Outcome check_new_parser(const PackageList& package, const KnownParser& parser) {
  const auto digest = digest_of_parser(package, parser);
  if (!digest) return {};
  Known known;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(parser.interface + "/digest_lists_loaded", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.ends_with(".ascii") || name.find("_list-compact-") == name.npos) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    known.add({std::istreambuf_iterator<char>(file), {}}, *digest);
  }
  if (!known.any_parser || (known.as_parser && known.as_file)) return {};
  return std::unexpected(package.name + ": the kernel would not know its " + parser.path + " as a parser, and load no lists; first make, sign and load " +
                         "compact lists of the package, one with --type parser (diglim generate rpm --compact)");
}

}  // namespace diglim
