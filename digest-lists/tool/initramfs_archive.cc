// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/initramfs_archive.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <tuple>
#include <vector>

namespace diglim::tool {
namespace {

/// How a compressed archive begins, and what undoes it from standard input to standard output. Those that the kernel knows.
struct Compression {
  std::string_view magic;
  std::vector<std::string> command;
};
const std::array<Compression, 7>& compressions() {
  using namespace std::string_view_literals;
  static const std::array<Compression, 7> all = {{{"\x1f\x8b"sv, {"gzip", "-dc"}},
                                                  {"\x28\xb5\x2f\xfd"sv, {"zstd", "-dc"}},
                                                  {"\xfd"
                                                   "7zXZ\0"sv,
                                                   {"xz", "-dc"}},
                                                  {"\x5d\0\0"sv, {"xz", "--format=lzma", "-dc"}},
                                                  {"BZh"sv, {"bzip2", "-dc"}},
                                                  {"\x02\x21\x4c\x18"sv, {"lz4", "-dc"}},
                                                  {"\x89LZO"sv, {"lzop", "-dc"}}}};
  return all;
}

constexpr std::string_view newc = "070701", newc_with_sums = "070702", last_member = "TRAILER!!!";
constexpr std::size_t magic_size = 6, header_size = 110;

/// The numbers of a header, in their order.
enum Field { inode, mode, uid, gid, links, mtime, size, major, minor, device_major, device_minor, name_size, checksum, field_count };
using Header = std::array<std::uint32_t, field_count>;

std::size_t aligned(std::size_t offset) { return (offset + 3) & ~std::size_t{3}; }

class Archives {
 public:
  Archives(std::string_view bytes, const std::string& from, const std::function<bool(std::string_view)>& wanted, ArchivedFiles& files)
      : bytes_(bytes), from_(from), wanted_(wanted), files_(files) {}

  /// Up to the end, or to something that is no archive: the offset of that.
  Result<std::size_t> read() {
    while (true) {
      while (at_ < bytes_.size() && bytes_[at_] == '\0') ++at_;
      const auto magic = bytes_.substr(at_, magic_size);
      if (magic != newc && magic != newc_with_sums) return at_;
      TRY_VOID(read_archive());
    }
  }

 private:
  /// The names of files that have more than one; the content comes with one of them, usually the last.
  using Linked = std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::vector<std::string>>;

  Result<void> read_archive() {
    const std::size_t begin = at_;
    const auto align = [&] { at_ = std::min(begin + aligned(at_ - begin), bytes_.size()); };
    Linked linked;
    while (true) {
      const Header header = TRY(read_header());
      // With its NUL.
      const auto name = TRY(take(header[name_size], "the name of a member"));
      align();
      const auto data = TRY(take(header[size], "the content of a member"));
      align();
      const std::string_view path = name.substr(0, name.find('\0'));
      if (path == last_member) return {};
      note(path, header, data, linked);
    }
  }

  Result<Header> read_header() {
    const std::size_t offset = at_;
    const auto text = TRY(take(header_size, "the header of a member"));
    const auto magic = text.substr(0, magic_size);
    if (magic != newc && magic != newc_with_sums) return fail_at(offset, "the header of a member", "something else");
    Header header{};
    for (std::size_t i = 0; i < field_count; ++i) {
      const auto digits = text.substr(magic_size + 8 * i, 8);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), header[i], 16);
      if (error != std::errc() || end != digits.data() + digits.size())
        return fail_at(offset + magic_size + 8 * i, "eight hexadecimal digits", "something else");
    }
    return header;
  }

  void note(std::string_view name, const Header& header, std::string_view data, Linked& linked) {
    const auto path = (std::filesystem::path("/") / std::filesystem::path(name).relative_path()).lexically_normal().string();
    const bool regular = S_ISREG(header[mode]);
    if (regular && !wanted_(path)) return;
    auto& file = files_[path];
    file = {.mode = header[mode], .content = std::string(data)};
    if (!regular || header[links] < 2) return;
    auto& names = linked[{header[major], header[minor], header[inode]}];
    if (data.empty() && !names.empty()) file.content = files_[names.front()].content;
    names.push_back(path);
    if (!data.empty())
      for (const auto& each : names) files_[each].content = data;
  }

  Result<std::string_view> take(std::size_t count, std::string_view what) {
    const std::size_t rest = bytes_.size() - at_;
    if (count > rest) return fail_at(at_, fmt::format("{} bytes, {}", count, what), fmt::format("{}", rest));
    const auto taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  std::unexpected<diglab::Error> fail_at(std::size_t offset, std::string_view expected, std::string_view found) const {
    return fail(ErrorKind::bad_input, fmt::format("{}: at byte {}: expected {}, found {}", from_, offset, expected, found));
  }

  std::string_view bytes_;
  const std::string& from_;
  const std::function<bool(std::string_view)>& wanted_;
  ArchivedFiles& files_;
  std::size_t at_ = 0;
};

Result<std::string> decompress(std::string_view bytes, const std::string& from, diglab::Processes& processes) {
  for (const auto& [magic, words] : compressions()) {
    if (!bytes.starts_with(magic)) continue;
    diglab::Command command;
    command.argv = words;
    auto outcome = TRY(processes.run(command, {.deadline = {}, .input = std::string(bytes), .on_line = {}}), from);
    if (!outcome.end.succeeded()) return fail(ErrorKind::bad_input, fmt::format("{}: {}: {}", from, words.front(), outcome.err));
    return std::move(outcome.out);
  }
  return fail(ErrorKind::bad_input, fmt::format("{}: expected a cpio archive, compressed or not, found something else", from));
}

}  // namespace

Result<ArchivedFiles> read_initramfs(std::string_view bytes, const std::string& from, const std::function<bool(std::string_view path)>& wanted,
                                     diglab::Processes& processes) {
  ArchivedFiles files;
  const std::size_t end = TRY(Archives(bytes, from, wanted, files).read());
  if (end == bytes.size()) return files;
  const auto unpacked = TRY(decompress(bytes.substr(end), from, processes));
  const auto inside = from + ", decompressed";
  const std::size_t rest = TRY(Archives(unpacked, inside, wanted, files).read());
  if (rest != unpacked.size())
    return fail(ErrorKind::bad_input, fmt::format("{}: at byte {}: expected a cpio archive, found something else", inside, rest));
  return files;
}

}  // namespace diglim::tool
