// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bare_initramfs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "os/cpio.h"
#include "os/files.h"

namespace diglab {

Result<void> make_bare_initramfs(const std::filesystem::path& to, Processes& processes, const Deadline& deadline) {
  const std::filesystem::path busybox = "/bin/busybox";
  std::string program = TRY(read_file(busybox), "the bare shell (package busybox-static)");
  RunOptions options;
  options.deadline = deadline;
  ProcessOutcome kind = TRY(processes.run({"ldd", busybox.string()}, options));
  if (kind.end.succeeded()) return fail(ErrorKind::infra, "/bin/busybox is not static: apt-get install busybox-static");

  // An initramfs has no /dev/console unless it brings one; devtmpfs is mounted by nobody here.
  std::string init = fmt::format("#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs dev /dev\necho '{}' >/dev/ttyS0\nexec /bin/busybox sleep 1000\n", bare_shell_ready);
  return write_file(to, TRY(cpio_of({{"dev", S_IFDIR | 0755, {}},
                                     {"bin", S_IFDIR | 0755, {}},
                                     {"bin/busybox", S_IFREG | 0755, std::move(program)},
                                     {"init", S_IFREG | 0755, std::move(init)}})));
}

}  // namespace diglab
