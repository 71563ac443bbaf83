// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/cpio.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>

namespace diglab {
namespace {

la_ssize_t append(archive*, void* to, const void* bytes, std::size_t count) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

}  // namespace

Result<std::string> cpio_of(const std::vector<CpioEntry>& entries) {
  std::string bytes;
  std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_cpio_newc(writer.get());
  archive_write_set_bytes_per_block(writer.get(), 0);
  std::string at = "cpio archive";
  const auto failed = [&] { return fail(ErrorKind::infra, fmt::format("{}: {}", at, archive_error_string(writer.get()))); };
  if (archive_write_open(writer.get(), &bytes, nullptr, append, nullptr) != ARCHIVE_OK) return failed();
  la_int64_t inode = 0;
  for (const CpioEntry& entry : entries) {
    at = entry.path;
    std::unique_ptr<archive_entry, decltype(&archive_entry_free)> header(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(header.get(), entry.path.c_str());
    archive_entry_set_mode(header.get(), static_cast<mode_t>(entry.mode));
    archive_entry_set_ino(header.get(), ++inode);
    archive_entry_set_nlink(header.get(), 1);
    archive_entry_set_mtime(header.get(), 0, 0);
    const bool link = S_ISLNK(entry.mode);
    if (link) archive_entry_set_symlink(header.get(), entry.content.c_str());
    const std::string_view data = link ? std::string_view() : entry.content;
    archive_entry_set_size(header.get(), static_cast<la_int64_t>(data.size()));
    if (archive_write_header(writer.get(), header.get()) != ARCHIVE_OK) return failed();
    if (archive_write_data(writer.get(), data.data(), data.size()) != static_cast<la_ssize_t>(data.size())) return failed();
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return failed();
  return bytes;
}

}  // namespace diglab
