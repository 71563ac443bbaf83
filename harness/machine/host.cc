// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "machine/bounded_call.h"
#include "machine/host_impl.h"
#include "machine/leftover_domains.h"
#include "machine/owned_processes.h"
#include "machine/placement.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// The embedded driver lives as long as the process and knows one root. Later Hosts of the process get the same path,
/// with the directories that libvirt had made in it.
struct EmbeddedRoot {
  std::mutex mutex;
  bool in_use = false;
  std::string name;
  fs::path parent;
  std::vector<fs::path> directories;
};
EmbeddedRoot& embedded_root() {
  static EmbeddedRoot root;
  return root;
}

std::string qemu_configuration() {
  std::string text =
      "security_driver = \"none\"\ncgroup_controllers = [ ]\nnamespaces = [ ]\nstdio_handler = \"file\"\nremember_owner = 0\n";
  if (::geteuid() == 0) text += "user = \"root\"\ngroup = \"root\"\nswtpm_user = \"root\"\nswtpm_group = \"root\"\n";
  return text;
}

Result<void> prepare_root(const fs::path& root, const fs::path& cache_dir) {
  for (const fs::path& directory : embedded_root().directories) TRY_VOID(make_directories(directory));
  TRY_VOID(write_file(root / "etc" / "qemu.conf", qemu_configuration()));
  // libvirt looks whether it is there and then makes it: of two machines started at once, one would fail.
  TRY_VOID(make_directories(root / "run" / "swtpm"));
  // libvirt asks a QEMU it does not know what it can do, which takes seconds: the answers are kept over runs.
  TRY_VOID(make_directories(cache_dir / "libvirt"));
  std::error_code error;
  fs::create_directory_symlink(fs::absolute(cache_dir / "libvirt"), root / "cache", error);
  if (error && error != std::errc::file_exists)
    return fail(ErrorKind::infra, fmt::format("{}: cannot make a link: {}", (root / "cache").string(), error.message()));
  return {};
}

/// libvirt throws away what it knows of QEMU, which costs 4 s to learn, when the processor's CPUID is not the one that it noted
/// then. But CPUID holds the number of the core that is asked: so the driver is always started on the same one.
void pin_this_thread() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &cores)) continue;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
    return;
  }
}

Result<ConnectionHandle> connect(const std::string& uri, const Deadline& deadline) {
  return call_until(deadline, uri, [uri]() -> Result<ConnectionHandle> {
    if (uri.find("/embed") != std::string::npos) pin_this_thread();
    ConnectionHandle connection(virConnectOpen(uri.c_str()));
    if (!connection) return fail(libvirt_error(ErrorKind::infra, fmt::format("connect to {}", uri)));
    return connection;
  });
}

bool names_this_host(const std::string& uri) {
  if (uri.find("+ssh") != std::string::npos || uri.find("+tcp") != std::string::npos || uri.find("+tls") != std::string::npos) return false;
  auto authority = uri.find("://");
  return authority != std::string::npos && uri.size() > authority + 3 && uri[authority + 3] == '/';
}

void on_connection_close(virConnectPtr, int reason, void* host) {
  static_cast<Host::Impl*>(host)->lost(Error(ErrorKind::infra, fmt::format("the connection to libvirt broke (reason {})", reason)));
}

}  // namespace

Host::Impl::~Impl() {
  if (connection) {
    remove_domains(connection.get(), [&](const std::string& whose) { return whose == owner; });
    placement.reset();
    virConnectUnregisterCloseCallback(connection.get(), on_connection_close);
  }
  connection.reset();
  if (!embedded) return;
  std::lock_guard lock(embedded_root().mutex);
  if (run) {
    kill_hypervisor_processes(run->path().string() + "/");
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(run->path(), error))
      if (entry.is_directory() && !entry.is_symlink()) embedded_root().directories.push_back(entry.path());
    run.reset();
  }
  embedded_root().in_use = false;
}

fs::path Host::Impl::tpm_state(const std::string& uuid) const {
  return run->path() / "v" / "lib" / "swtpm" / uuid / "tpm2" / "tpm2-00.permall";
}

std::string Host::Impl::qemu_log(const std::string& domain) const {
  std::vector<fs::path> places;
  if (embedded) places.push_back(run->path() / "v" / "log" / "qemu");
  else if (near) {
    if (options.log_dir.empty()) places.push_back("/var/log/libvirt/qemu");
    else places.push_back(options.log_dir);
    if (const char* home = std::getenv("HOME")) places.push_back(fs::path(home) / ".cache/libvirt/qemu/log");
  }
  for (const fs::path& place : places)
    if (auto text = read_file(place / (domain + ".log"))) return *text;
  return {};
}

int Host::Impl::on_loss(std::function<void(const Error&)> then) {
  std::lock_guard lock(mutex_);
  on_loss_[next_] = std::move(then);
  return next_++;
}

void Host::Impl::forget_loss(int number) {
  std::lock_guard lock(mutex_);
  on_loss_.erase(number);
}

void Host::Impl::lost(const Error& why) {
  std::lock_guard lock(mutex_);
  for (const auto& [number, then] : on_loss_) then(why);
}

Result<std::unique_ptr<Host>> Host::open(HostOptions options, const Deadline& deadline) {
  auto impl = std::make_unique<Impl>();
  impl->embedded = options.uri.empty() || options.uri.find("/embed") != std::string::npos;
  if (options.state_dir.empty()) options.state_dir = RunDirectory::default_parent();
  if (options.cache_dir.empty()) return fail(ErrorKind::usage, "no cache directory given");
  options.state_dir = fs::absolute(options.state_dir).lexically_normal();
  if (options.state_dir.string().size() > RunDirectory::longest_parent)
    return fail(ErrorKind::usage, fmt::format("{}: too long a path for a state directory: at most {} bytes, since sockets live below it",
                                              options.state_dir.string(), RunDirectory::longest_parent));
  std::string run_name;
  if (impl->embedded) {
    std::lock_guard lock(embedded_root().mutex);
    if (embedded_root().in_use) {
      impl->embedded = false;
      return fail(ErrorKind::usage, "an embedded libvirt host is already open in this process");
    }
    embedded_root().in_use = true;
    if (!embedded_root().name.empty()) {
      run_name = embedded_root().name;
      options.state_dir = embedded_root().parent;
    }
  }
  impl->options = options;
  impl->run = TRY(RunDirectory::open(options.state_dir, run_name, deadline));
  impl->removed = impl->run->removed();
  impl->owner = owner_name(impl->run->path());
  std::string uri = options.uri;
  if (impl->embedded) {
    std::lock_guard lock(embedded_root().mutex);
    fs::path root = impl->run->path() / "v";
    TRY_VOID(prepare_root(root, options.cache_dir));
    SystemProcesses processes;
    impl->tpm = TRY(tpm_template(options.cache_dir, processes, deadline));
    uri = fmt::format("qemu:///embed?root={}", root.string());
    embedded_root().name = impl->run->path().filename();
    embedded_root().parent = options.state_dir;
  }
  impl->near = impl->embedded || names_this_host(uri);
  impl->options.uri = uri;

  start_event_loop();
  impl->connection = TRY(connect(uri, deadline));
  virConnectPtr connection = impl->connection.get();
  // A host that falls silent is noticed in a quarter of a minute. The embedded driver has no such thing, and no need.
  if (!impl->embedded) virConnectSetKeepAlive(connection, 5, 3);
  virConnectRegisterCloseCallback(connection, on_connection_close, impl.get(), nullptr);
  unsigned long version = 0;
  if (virConnectGetVersion(connection, &version) != 0) return fail(libvirt_error(ErrorKind::infra, "ask for QEMU's version"));
  impl->version = fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
  for (std::string& line : remove_domains(connection, is_dead_owner)) impl->removed.push_back(std::move(line));

  if (impl->near && !options.upload)
    impl->placement = make_local_placement(impl->run->path() / "disks");
  else
    impl->placement = TRY(make_pool_placement(connection, options.pool_path, impl->run->path().filename()));
  return std::unique_ptr<Host>(new Host(std::move(impl)));
}

void end_machines_at_once() {
  // Held by another thread, it guards an opening, with no machine yet, or an end that does this too.
  std::unique_lock lock(embedded_root().mutex, std::try_to_lock);
  if (!lock || !embedded_root().in_use || embedded_root().name.empty()) return;
  kill_hypervisor_processes((embedded_root().parent / embedded_root().name).string() + "/");
}

Host::Host(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Host::~Host() = default;

const std::string& Host::uri() const { return impl_->options.uri; }
const fs::path& Host::directory() const { return impl_->run->path(); }
const std::string& Host::qemu_version() const { return impl_->version; }
std::vector<std::string> Host::removed() const { return impl_->removed; }

Result<std::vector<std::string>> Host::remove_uploads(bool only_name) {
  return diglab::remove_uploads(impl_->connection.get(), only_name);
}

Result<std::string> Host::tpm_ca_certificates() const {
  return impl_->tpm ? impl_->tpm->ca_certificates() : Result<std::string>(std::string());
}

}  // namespace diglab
