// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace diglab {

/// Owners of libvirt's reference-counted objects.
struct LibvirtFree {
  void operator()(virConnect* object) const { virConnectClose(object); }
  void operator()(virDomain* object) const { virDomainFree(object); }
  void operator()(virStream* object) const { virStreamFree(object); }
  void operator()(virStoragePool* object) const { virStoragePoolFree(object); }
  void operator()(virStorageVol* object) const { virStorageVolFree(object); }
};
using ConnectionHandle = std::unique_ptr<virConnect, LibvirtFree>;
using DomainHandle = std::unique_ptr<virDomain, LibvirtFree>;
using StreamHandle = std::unique_ptr<virStream, LibvirtFree>;
using PoolHandle = std::unique_ptr<virStoragePool, LibvirtFree>;
using VolumeHandle = std::unique_ptr<virStorageVol, LibvirtFree>;

/// What libvirt said last in this thread, as an Error: "cannot <doing>: <libvirt's words>".
[[nodiscard]] Error libvirt_error(ErrorKind kind, std::string_view doing);

/// Starts the thread that runs libvirt's events, once per process; it must run before the first connection is opened.
/// All callbacks of machine/ are called from it, and none of them may call libvirt for something that waits.
void start_event_loop();

/// Calls `then` once, from the event thread, `after` milliseconds from now. Cannot be cancelled: let `then` look.
void call_later(int after_milliseconds, std::function<void()> then);

/// Calls `then` once, from the event thread, when `fd` becomes readable (a pidfd: when the process has ended). Takes
/// over the descriptor. The returned number cancels the watch.
int watch_readable(int fd, std::function<void()> then);
void unwatch(int watch);

/// Calls a std::function kept as a callback's opaque pointer, and frees it.
template <typename Function>
void free_function(void* opaque) {
  delete static_cast<Function*>(opaque);
}

}  // namespace diglab
