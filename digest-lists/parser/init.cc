// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/init.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "parser/log.h"

namespace diglim {
namespace {

constexpr const char* variable = "diglim_init";
constexpr const char* usual_places[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};

/// The memory of a converter that gave up is gone with it, and an end by a signal is not the end of the system.
void run_in_child(int (*load)(), Log& log) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(load());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0)
    log.error(std::string("lists were not loaded: ") + ::strerrordesc_np(errno));
  else if (WIFSIGNALED(status))
    log.error(std::string("loading lists ended by ") + ::sigdescr_np(WTERMSIG(status)));
}

void execute(const char* path, char** arguments, Log& log) {
  arguments[0] = const_cast<char*>(path);
  ::execv(path, arguments);
  log.error(std::string(path) + ": " + ::strerrordesc_np(errno));
}

}  // namespace

int run_as_init(char** arguments, int (*load)()) {
  SystemLog log(SystemLog::To::kernel);
  run_in_child(load, log);
  const char* chosen = std::getenv(variable);
  const std::string path = chosen ? chosen : "";
  ::unsetenv(variable);
  if (!path.empty()) execute(path.c_str(), arguments, log);
  for (const char* usual : usual_places) execute(usual, arguments, log);
  return 1;
}

}  // namespace diglim
