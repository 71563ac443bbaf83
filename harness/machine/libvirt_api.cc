// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/libvirt_api.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>

namespace diglab {

Error libvirt_error(ErrorKind kind, std::string_view doing) {
  const char* words = virGetLastErrorMessage();
  return Error(kind, fmt::format("cannot {}: {}", doing, words == nullptr ? "no reason given" : words));
}

void start_event_loop() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The default handler prints each error; ours are returned.
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    // The embedded driver logs like the daemon does, to standard error; its errors come back to us anyway. Whoever wants the
    // log asks for it with libvirt's variables.
    ::setenv("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null", 0);
    virInitialize();
    virEventRegisterDefaultImpl();
    // libvirt keeps using the loop until the process ends (an embedded driver cannot be shut down), and so does this thread.
    std::thread([] {
      for (;;) virEventRunDefaultImpl();
    }).detach();
  });
}

namespace {
struct Later {
  std::function<void()> then;
  bool done = false;
};
}  // namespace

void call_later(int after_milliseconds, std::function<void()> then) {
  auto fire = [](int timer, void* opaque) {
    auto* later = static_cast<Later*>(opaque);
    virEventRemoveTimeout(timer);
    if (!std::exchange(later->done, true)) later->then();
  };
  virEventAddTimeout(after_milliseconds, fire, new Later{std::move(then)}, free_function<Later>);
}

namespace {
struct Watch {
  int fd;
  std::function<void()> then;
  ~Watch() { ::close(fd); }
};
}  // namespace

int watch_readable(int fd, std::function<void()> then) {
  auto fire = [](int watch, int, int, void* opaque) {
    auto call = std::move(static_cast<Watch*>(opaque)->then);
    virEventRemoveHandle(watch);
    if (call) call();
  };
  return virEventAddHandle(fd, VIR_EVENT_HANDLE_READABLE, fire, new Watch{fd, std::move(then)}, free_function<Watch>);
}

void unwatch(int watch) {
  virEventRemoveHandle(watch);
}

}  // namespace diglab
