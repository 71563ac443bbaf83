// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/held.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "probe/attempt.h"
#include "probe/stepped_run.h"
#include "probe/trace.h"

namespace diglim {
namespace {

struct Answer {
  int status = 0;
  std::string text = {};
};

constexpr std::string_view directory = "/run/diglab-probe";

sockaddr_un address_of(const std::string& name) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", std::string(directory).c_str(), name.c_str());
  return address;
}

int complain(const char* what) {
  std::fprintf(stderr, "diglab-probe: %s: %s\n", what, ::strerrordesc_np(errno));
  return 3;
}

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = ::read(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(count));
  return text;
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(file, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Prints an answer as it comes from the process in the background, "<status>\n<text>". Returns its status.
int pass_on(const std::string& said) {
  const auto line = said.find('\n');
  if (line == std::string::npos) {
    std::fputs("diglab-probe: the process in the background is gone\n", stderr);
    return 3;
  }
  std::fputs(said.c_str() + line + 1, stdout);
  return std::atoi(said.c_str());
}

/// Takes requests under a name, one after the other.
class Service {
 public:
  explicit Service(const std::string& name) : address_(address_of(name)) {
    ::mkdir(std::string(directory).c_str(), 0700);
    ::unlink(address_.sun_path);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ready_ = listener_ >= 0 && ::bind(listener_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0 && ::listen(listener_, 4) == 0;
  }
  [[nodiscard]] bool is_ready() const { return ready_; }
  /// The next request; it is to be answered.
  std::string next() {
    client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    return read_all(client_);
  }
  void answer(const Answer& answer) {
    write_all(client_, std::to_string(answer.status) + "\n" + answer.text);
    ::close(client_);
  }
  void end() { ::unlink(address_.sun_path); }

 private:
  sockaddr_un address_;
  int listener_ = -1, client_ = -1;
  bool ready_ = false;
};

/// Does `work` in a process of its own, which outlives ours, and returns what it says first.
int in_background(const std::function<void(const std::function<void(const Answer&)>& say_first)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return complain("pipe");
  const pid_t child = ::fork();
  if (child < 0) return complain("fork");
  if (child == 0) {
    ::setsid();
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) ::_exit(complain("/dev/null"));
    for (const int one : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, one);
    ::close(ends[0]);
    work([&](const Answer& answer) {
      if (ends[1] < 0) return;
      write_all(ends[1], std::to_string(answer.status) + "\n" + answer.text);
      ::close(ends[1]);
      ends[1] = -1;
    });
    ::_exit(0);
  }
  ::close(ends[1]);
  return pass_on(read_all(ends[0]));
}

}  // namespace

int hold(const std::string& name, const std::string& where, const std::vector<std::string>& command) {
  return in_background([&](const std::function<void(const Answer&)>& say_first) {
    Service service(name);
    if (!service.is_ready()) return say_first({3, "cannot be asked under that name\n"});
    bool held = false, asked = false;
    std::string wanted = where;
    Points points;
    const auto result = run_stepped(command, {.before = {}, .after = [&](const Call& call) {
      if (!Points::is_one(call)) return;
      const Point point = points.add(call);
      if (!point.is(wanted)) return;
      const Answer reached{0, point.to_string() + "\n"};
      if (asked) service.answer(reached);
      say_first(reached);
      held = asked = true;
      const std::string request = service.next();
      wanted = request.size() > 3 ? request.substr(3) : "";
    }, .follow = false});
    const Answer ended{held && wanted.empty() ? result.status : 1, result.output};
    if (asked) service.answer(ended);
    say_first(ended);
    service.end();
  });
}

int keep(const std::string& name, const std::string& path) {
  return in_background([&](const std::function<void(const Answer&)>& say_first) {
    Service service(name);
    const int file = ::open(path.c_str(), O_RDONLY);
    if (!service.is_ready() || file < 0) return say_first({3, path + ": " + ::strerrordesc_np(errno) + "\n"});
    say_first({});
    for (std::string request; (request = service.next()) != "end";) {
      const Access access = request == "map" ? Access::map : Access::fexecve;
      const Attempt result = attempt(access, file);
      service.answer({result.error == 0 ? 0 : 1, result_name(result.error) + " " + result.digest.substr(0, 16) + "\n"});
    }
    service.end();
    service.answer({});
  });
}

int ask(const std::string& name, const std::string& request) {
  const auto address = address_of(name);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0 || ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return complain(name.c_str());
  write_all(server, request);
  ::shutdown(server, SHUT_WR);
  const std::string said = read_all(server);
  ::close(server);
  return pass_on(said);
}

}  // namespace diglim
