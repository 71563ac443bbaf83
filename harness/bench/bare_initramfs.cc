// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bare_initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>

#include "os/files.h"

namespace diglab {
namespace {

using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;

Result<void> add(archive* to, const std::string& path, mode_t type_and_mode, std::string_view content) {
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_mode(entry.get(), type_and_mode);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  if (archive_write_header(to, entry.get()) != ARCHIVE_OK ||
      archive_write_data(to, content.data(), content.size()) != static_cast<la_ssize_t>(content.size()))
    return fail(ErrorKind::infra, fmt::format("{}: {}", path, archive_error_string(to)));
  return {};
}

}  // namespace

Result<void> make_bare_initramfs(const std::filesystem::path& to, Processes& processes, const Deadline& deadline) {
  const std::filesystem::path busybox = "/bin/busybox";
  std::string program = TRY(read_file(busybox), "the bare shell (package busybox-static)");
  RunOptions options;
  options.deadline = deadline;
  ProcessOutcome kind = TRY(processes.run({"ldd", busybox.string()}, options));
  if (kind.end.succeeded()) return fail(ErrorKind::infra, "/bin/busybox is not static: apt-get install busybox-static");

  Writer writer(archive_write_new(), archive_write_free);
  archive_write_set_format_cpio_newc(writer.get());
  if (archive_write_open_filename(writer.get(), to.c_str()) != ARCHIVE_OK)
    return fail(ErrorKind::infra, fmt::format("{}: {}", to.string(), archive_error_string(writer.get())));
  TRY_VOID(add(writer.get(), "dev", S_IFDIR | 0755, {}));
  TRY_VOID(add(writer.get(), "bin", S_IFDIR | 0755, {}));
  TRY_VOID(add(writer.get(), "bin/busybox", S_IFREG | 0755, program));
  // An initramfs has no /dev/console unless it brings one; devtmpfs is mounted by nobody here.
  std::string init = fmt::format("#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs dev /dev\necho '{}' >/dev/ttyS0\nexec /bin/busybox sleep 1000\n", bare_shell_ready);
  TRY_VOID(add(writer.get(), "init", S_IFREG | 0755, init));
  if (archive_write_close(writer.get()) != ARCHIVE_OK)
    return fail(ErrorKind::infra, fmt::format("{}: {}", to.string(), archive_error_string(writer.get())));
  return {};
}

}  // namespace diglab
