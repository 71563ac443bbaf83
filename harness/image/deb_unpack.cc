// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/deb_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "image/gpg_home.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

std::unexpected<Error> damaged(const fs::path& deb, archive* reader) {
  const char* reason = archive_error_string(reader);
  return fail(ErrorKind::infra, fmt::format("{}: {}", deb.string(), reason ? reason : "damaged archive"));
}

Reader new_reader() {
  Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_format_all(reader.get());
  archive_read_support_filter_all(reader.get());
  return reader;
}

/// The rest of the current entry of `reader`.
Result<std::string> content(archive* reader, const fs::path& deb) {
  std::string text;
  std::vector<char> chunk(1 << 18);
  while (true) {
    const auto count = archive_read_data(reader, chunk.data(), chunk.size());
    if (count < 0) return damaged(deb, reader);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

/// "./usr/bin/ls/" -> "/usr/bin/ls", "./" -> "".
std::string absolute(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  while (name.starts_with('/')) name.remove_prefix(1);
  while (name.ends_with('/')) name.remove_suffix(1);
  return name.empty() || name == "." ? std::string{} : fmt::format("/{}", name);
}

Result<void> read_control(const std::string& tar, const fs::path& deb, UnpackedDeb& result, std::set<std::string>& config) {
  auto reader = new_reader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) return damaged(deb, reader.get());
  archive_entry* entry = nullptr;
  int code = 0;
  while ((code = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const auto name = absolute(archive_entry_pathname(entry));
    if (name == "/control") {
      result.control = TRY(parse_debian_control(TRY(content(reader.get(), deb))), deb.string());
    } else if (name == "/conffiles") {
      std::istringstream lines(TRY(content(reader.get(), deb)));
      for (std::string line; std::getline(lines, line);) config.insert(usr_merged(line));
    }
  }
  if (code != ARCHIVE_EOF) return damaged(deb, reader.get());
  return {};
}

/// Puts what a tar archive holds below a directory. libarchive's own writer takes the umask of the whole process away for each entry: whatever
/// another thread makes meanwhile anybody may write to, and two such writers at once leave the process without one.
class TreeWriter {
 public:
  TreeWriter(fs::path root, archive* reader) : root_(std::move(root)), reader_(reader) {}

  /// The entry of the reader that was read last, as `path` below the root. Its owner, and permissions that the builder of packages could not
  /// work with, are the spec file's business.
  [[nodiscard]] std::error_code write(archive_entry* entry, const std::string& path) {
    const fs::path place = root_.string() + path;
    const timespec time{.tv_sec = std::min<time_t>(archive_entry_mtime(entry), image_epoch), .tv_nsec = 0};
    std::error_code error;
    if (archive_entry_filetype(entry) == AE_IFDIR) {
      fs::create_directories(place, error);
      if (!error) fs::permissions(place, fs::perms(0755), error);
      directories_.emplace_back(place, time);
      return error;
    }
    fs::create_directories(place.parent_path(), error);
    if (error) return error;
    if (const char* other = archive_entry_hardlink(entry)) {
      fs::create_hard_link(root_.string() + usr_merged(absolute(other)), place, error);
      return error;
    }
    if (archive_entry_filetype(entry) == AE_IFLNK) {
      fs::create_symlink(archive_entry_symlink(entry), place, error);
      return error ? error : set_time(place, time);
    }
    if (archive_entry_filetype(entry) != AE_IFREG) return std::make_error_code(std::errc::not_supported);
    const int file = ::open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return {errno, std::generic_category()};
    if (archive_read_data_into_fd(reader_, file) != ARCHIVE_OK) error = std::make_error_code(std::errc::io_error);
    if (::fchmod(file, (archive_entry_perm(entry) & 0111) | 0600) != 0 && !error) error = {errno, std::generic_category()};
    if (::close(file) != 0 && !error) error = {errno, std::generic_category()};
    return error ? error : set_time(place, time);
  }

  /// What is put into a directory changes its time: all have theirs only now.
  [[nodiscard]] std::error_code finish() const {
    for (const auto& [place, time] : directories_)
      if (const auto error = set_time(place, time)) return error;
    return {};
  }

 private:
  static std::error_code set_time(const fs::path& place, const timespec& time) {
    const std::array both{time, time};
    if (::utimensat(AT_FDCWD, place.c_str(), both.data(), AT_SYMLINK_NOFOLLOW) == 0) return {};
    return {errno, std::generic_category()};
  }

  fs::path root_;
  archive* reader_;
  std::vector<std::pair<fs::path, timespec>> directories_;
};

bool leads_upwards(const fs::path& path) { return std::ranges::find(path, "..") != path.end(); }

PathKind kind_of(archive_entry* entry) {
  if (archive_entry_filetype(entry) == AE_IFDIR) return PathKind::directory;
  return archive_entry_filetype(entry) == AE_IFLNK ? PathKind::symlink : PathKind::file;
}

std::string_view name_or_empty(const char* name) { return name ? name : ""; }
std::string name_or_root(const char* name) { return name && *name ? name : "root"; }

Result<void> lay_out(const std::string& tar, const fs::path& deb, const fs::path& root, const std::set<std::string>& config, UnpackedDeb& result) {
  auto reader = new_reader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) return damaged(deb, reader.get());
  TreeWriter writer(root, reader.get());
  const auto failed = [&](const std::string& path, const std::error_code& error) {
    const char* reason = archive_error_string(reader.get()); // What was wrong with the archive says more than that something was.
    return fail(ErrorKind::infra, fmt::format("cannot unpack {} from {}: {}", path, deb.string(), reason ? reason : error.message()));
  };
  archive_entry* entry = nullptr;
  int code = 0;
  std::set<std::string> seen;
  while ((code = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const auto original = absolute(archive_entry_pathname(entry));
    const auto path = usr_merged(original);
    if (path.empty() || is_left_out(path) || !seen.insert(path).second) continue;
    // Two names of one directory after the merge: the base package has the link.
    if (path != original && archive_entry_filetype(entry) != AE_IFDIR && (original.starts_with("/bin/") || original.starts_with("/sbin/")))
      result.former_names.push_back(original);
    result.paths.push_back({.kind = kind_of(entry), .path = path, .mode = static_cast<std::uint32_t>(archive_entry_perm(entry)),
                            .user = name_or_root(archive_entry_uname(entry)), .group = name_or_root(archive_entry_gname(entry)),
                            .config = config.contains(path)});
    if (leads_upwards(path) || leads_upwards(absolute(name_or_empty(archive_entry_hardlink(entry))))) return failed(original, std::make_error_code(std::errc::invalid_argument));
    if (const auto error = writer.write(entry, path)) return failed(original, error);
  }
  if (code != ARCHIVE_EOF) return damaged(deb, reader.get());
  if (const auto error = writer.finish()) return failed("the directories", error);
  return {};
}

}  // namespace

Result<UnpackedDeb> unpack_deb(const fs::path& deb, const fs::path& root) {
  auto outer = new_reader();
  if (archive_read_open_filename(outer.get(), deb.c_str(), 1 << 18) != ARCHIVE_OK) return damaged(deb, outer.get());
  std::string control, data;
  archive_entry* entry = nullptr;
  int code = 0;
  while ((code = archive_read_next_header(outer.get(), &entry)) == ARCHIVE_OK) {
    const std::string_view name = archive_entry_pathname(entry);
    if (name.starts_with("control.tar")) control = TRY(content(outer.get(), deb));
    if (name.starts_with("data.tar")) data = TRY(content(outer.get(), deb));
  }
  if (code != ARCHIVE_EOF) return damaged(deb, outer.get());
  if (control.empty() || data.empty()) return fail(ErrorKind::infra, fmt::format("{} lacks control.tar or data.tar", deb.string()));
  UnpackedDeb result;
  std::set<std::string> config;
  TRY_VOID(read_control(control, deb, result, config));
  if (result.control.name.empty()) return fail(ErrorKind::infra, fmt::format("{} has no control file", deb.string()));
  TRY_VOID(lay_out(data, deb, root, config, result));
  return result;
}

}  // namespace diglab
