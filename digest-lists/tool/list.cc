// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/list.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/list_name.h"
#include "format/rpm_list.h"
#include "os/files.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// What the kernel can still show as "sha256-<digest>-<name>.ascii".
constexpr std::size_t longest_name = 255 - 7 - 65 - 6;

bool begins_like_rpm(ByteView bytes) {
  return bytes.size() >= std::size(RpmHeader::magic) && std::equal(std::begin(RpmHeader::magic), std::end(RpmHeader::magic), bytes.begin());
}

std::expected<std::vector<Listed>, FormatError> digests_of_compact(ByteView content, std::optional<Type> named) {
  std::vector<Listed> digests;
  CompactReader reader(content, named);
  for (;;) {
    const auto block = reader.next();
    if (!block) return std::unexpected(block.error());
    if (!*block) return digests;
    for (std::size_t i = 0; i < (*block)->count; ++i)
      digests.push_back({.digest = {(*block)->algorithm, std::string(text_of((*block)->digest(i)))},
                         .type = (*block)->type,
                         .modifiers = (*block)->modifiers,
                         .path = {}});
  }
}

std::expected<std::vector<Listed>, FormatError> digests_of_header(const RpmHeader& header) {
  auto files = RpmFiles::read(header);
  if (!files) return std::unexpected(files.error());
  std::vector<Listed> digests;
  for (;;) {
    const auto next = files->next();
    if (!next) return std::unexpected(next.error());
    if (!*next) return digests;
    const RpmFile& file = **next;
    if (!file.has_content()) continue;
    Listed listed{.digest = {&files->algorithm(), std::string(files->algorithm().size, '\0')},
                  .type = diglim::file,
                  .modifiers = is_immutable(file) ? immutable : std::uint16_t{0},
                  .path = std::string(file.directory) + std::string(file.name)};
    if (const auto bad = from_hex(file.digest, reinterpret_cast<std::uint8_t*>(listed.digest.bytes.data())); bad != file.digest.size())
      return refuse(header.offset_of(file.digest) + bad, "a hexadecimal digit", "something else");
    digests.push_back(std::move(listed));
  }
}

/// What the word in the name of a list stands for.
std::optional<Type> type_named(std::string_view word) {
  for (const Type type : {parser, file, metadata})
    if (word == to_string(type)) return type;
  return std::nullopt;
}

}  // namespace

Result<List> List::read(const fs::path& file, bool only_immutable) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    return fail(ErrorKind::bad_input, fmt::format("{}: {}", file.string(), error ? error.message() : "not a regular file"));
  return read(file.filename().string(), TRY(diglab::read_bytes(file)), file.string(), only_immutable);
}

Result<List> List::read(std::string name, diglab::Bytes bytes, const std::string& from, bool only_immutable) {
  List list;
  list.name_ = std::move(name);
  list.bytes_ = std::move(bytes);
  auto parts = split_signature(list.bytes_);
  if (!parts) return fail_format(from, parts.error());
  list.parts_ = *parts;
  const auto named = read_list_name(list.name_);
  list.rpm_ =
      named && (named->format == "rpm" || named->format == "compact") ? named->format == "rpm" : begins_like_rpm(list.parts_.content);
  if (list.rpm_) {
    const auto header = RpmHeader::read(list.parts_.content);
    if (!header) return fail_format(from, header.error());
    auto digests = digests_of_header(*header);
    if (!digests) return fail_format(from, digests.error());
    list.digests_ = *std::move(digests);
    if (only_immutable) std::erase_if(list.digests_, [](const Listed& listed) { return (listed.modifiers & immutable) == 0; });
    std::vector<std::uint8_t> converted;
    if (const auto done = convert(*header, {.only_immutable = only_immutable}, converted); !done) return fail_format(from, done.error());
    list.uploaded_ = text_of(converted);
  } else {
    auto digests = digests_of_compact(list.parts_.content, named ? type_named(named->type) : std::nullopt);
    if (!digests) return fail_format(from, digests.error());
    list.digests_ = *std::move(digests);
    list.uploaded_ = text_of(list.parts_.content);
  }
  return list;
}

std::string rpm_list_of(const diglab::Package& package) {
  return make_rpm_list(text_of(package.header_region), text_of(package.header_signature));
}

std::string subject_of(const diglab::Package& package) {
  return fmt::format("{}-{}-{}.{}", package.name, package.version, package.release, package.arch);
}

Result<std::vector<Listed>> digests_of(const diglab::Package& package) {
  const auto list = make_rpm_list(text_of(package.header_region), {});
  const auto header = RpmHeader::read(bytes_of(list));
  if (!header) return fail_format(subject_of(package), header.error());
  auto digests = digests_of_header(*header);
  if (!digests) return fail_format(subject_of(package), digests.error());
  return *std::move(digests);
}

std::string subject_named(std::string_view list) {
  const auto name = read_list_name(list);
  // Behind the format and its dash, which are part of the name that was read.
  return name ? std::string(name->format.data() + name->format.size() + 1, list.data() + list.size()) : "";
}

Result<std::string> list_name(unsigned number, std::string_view type, std::string_view format, std::string_view subject) {
  const auto printable = [](char c) { return c > ' ' && c < 127 && c != '/'; };
  if (subject.empty() || !std::ranges::all_of(subject, printable))
    return fail(ErrorKind::bad_input,
                fmt::format("'{}' cannot be in the name of a list: expected printable characters without slash or blank", subject));
  auto name = fmt::format("{}-{}_list-{}-{}", number, type, format, subject);
  if (name.size() > longest_name)
    return fail(ErrorKind::bad_input, fmt::format("'{}' has {} characters; the kernel has room for {}", name, name.size(), longest_name));
  return name;
}

}  // namespace diglim::tool
