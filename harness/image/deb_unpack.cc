// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/deb_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include "image/gpg_home.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;
using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;

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

PathKind kind_of(archive_entry* entry) {
  if (archive_entry_filetype(entry) == AE_IFDIR) return PathKind::directory;
  return archive_entry_filetype(entry) == AE_IFLNK ? PathKind::symlink : PathKind::file;
}

std::string name_or_root(const char* name) { return name && *name ? name : "root"; }

Result<void> lay_out(const std::string& tar, const fs::path& deb, const fs::path& root, const std::set<std::string>& config, UnpackedDeb& result) {
  auto reader = new_reader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) return damaged(deb, reader.get());
  Writer writer(archive_write_disk_new(), archive_write_free);
  archive_write_disk_set_options(writer.get(), ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SECURE_NODOTDOT);
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
    archive_entry_copy_pathname(entry, (root.string() + path).c_str());
    if (const char* other = archive_entry_hardlink(entry)) {
      const std::string target = root.string() + usr_merged(absolute(other));
      archive_entry_copy_hardlink(entry, target.c_str());
    }
    // The spec file states the permissions; on disk the builder must be able to read and remove.
    if (archive_entry_filetype(entry) != AE_IFLNK) archive_entry_set_perm(entry, archive_entry_filetype(entry) == AE_IFDIR ? 0755 : (archive_entry_perm(entry) & 0111) | 0600);
    if (archive_entry_mtime(entry) > image_epoch) archive_entry_set_mtime(entry, image_epoch, 0);
    if (archive_read_extract2(reader.get(), entry, writer.get()) < ARCHIVE_WARN)
      return fail(ErrorKind::infra, fmt::format("cannot unpack {} from {}: {}", original, deb.string(), archive_error_string(reader.get())));
  }
  if (code != ARCHIVE_EOF) return damaged(deb, reader.get());
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
