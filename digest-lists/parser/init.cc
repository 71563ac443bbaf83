// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/init.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "parser/found_lists.h"
#include "parser/log.h"

namespace diglim {
namespace {

constexpr const char* variable = "diglim_init";
constexpr const char* usual_places[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};

/// In a process that was executed, since process 1 shares its directories with threads of the kernel, which for a converter is one
/// process too many: the kernel would not take it for one. Without descriptors it writes to the kernel's log.
[[noreturn]] void execute_converter(const std::string& self) {
  std::vector<std::string> words = {self, "add"};
  for (const std::string_view directory : standard_directories)
    if (std::string path(directory); ::access(path.c_str(), F_OK) == 0) words.push_back(std::move(path));
  if (words.size() == 2) ::_exit(0);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(fd);
  ::execv(self.c_str(), arguments.data());
  SystemLog(SystemLog::To::kernel).error(self + ": " + ::strerrordesc_np(errno));
  ::_exit(1);
}

/// `self`: the path that the kernel executed, which it gives to process 1 as the first argument.
void run_converter(const std::string& self, Log& log) {
  const pid_t child = ::fork();
  if (child == 0) execute_converter(self);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0)
    log.error(std::string("lists were not loaded: ") + ::strerrordesc_np(errno));
  else if (WIFSIGNALED(status))
    log.error(std::string("loading lists ended by a signal: ") + ::sigdescr_np(WTERMSIG(status)));
}

void execute(const char* path, char** arguments, Log& log) {
  arguments[0] = const_cast<char*>(path);
  ::execv(path, arguments);
  log.error(std::string(path) + ": " + ::strerrordesc_np(errno));
}

}  // namespace

int run_as_init(char** arguments) {
  SystemLog log(SystemLog::To::kernel);
  run_converter(arguments[0], log);
  const char* chosen = std::getenv(variable);
  const std::string path = chosen ? chosen : "";
  ::unsetenv(variable);
  if (!path.empty()) execute(path.c_str(), arguments, log);
  for (const char* usual : usual_places) execute(usual, arguments, log);
  return 1;
}

}  // namespace diglim
