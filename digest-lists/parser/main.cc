// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglim-parser: converts the RPM headers of installed packages for the kernel's repository of digests. See diglim-parser(8).
//
// The kernel watches what such a program reads (security/integrity/diglim/lsm.c): regular files that it could measure and appraise,
// directories, and nothing else. So there is no configuration file, no locale, no environment, and nothing of /proc.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "parser/init.h"
#include "parser/run.h"

namespace {

using namespace diglim;

/// The kernel starts helpers without descriptors; see converter_start.cc for what they have instead.
bool has_standard_error() {
  const int flags = ::fcntl(STDERR_FILENO, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0;
}

Status run(const Arguments& arguments, SystemLog::To to) {
  SystemLog log(to);
  const int security = KernelRepository::open();
  if (security < 0) {
    log.error(std::string("this kernel has no DIGLIM: ") + ::strerrordesc_np(errno));
    return Status::no_kernel;
  }
  KernelRepository repository(security);
  return run(arguments, repository, log);
}

}  // namespace

int main(int argc, char** argv) {
  if (::getpid() == 1) return run_as_init(argv);
  const auto arguments = read_arguments({argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
  if (!arguments || arguments->help) {
    const int fd = arguments ? STDOUT_FILENO : STDERR_FILENO;
    (void)!::write(fd, usage.data(), usage.size());
    return static_cast<int>(arguments ? Status::done : Status::bad_use);
  }
  return static_cast<int>(run(*arguments, has_standard_error() ? SystemLog::To::standard_error : SystemLog::To::kernel));
}
