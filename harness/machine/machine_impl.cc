// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/machine_impl.h"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "machine/leftover_domains.h"
#include "machine/owned_processes.h"
#include "os/files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

// How long libvirt may take to see that a killed QEMU is dead.
constexpr auto stop_time = 30s;

using WeakImpl = std::weak_ptr<Machine::Impl>;

std::shared_ptr<Boot> boot_of(void* opaque) {
  auto machine = static_cast<WeakImpl*>(opaque)->lock();
  return machine ? machine->boot() : nullptr;
}

int on_lifecycle(virConnectPtr, virDomainPtr, int event, int, void* opaque) {
  auto boot = boot_of(opaque);
  if (!boot) return 0;
  if (event == VIR_DOMAIN_EVENT_RESUMED) boot->on_running();
  if (event == VIR_DOMAIN_EVENT_SUSPENDED) boot->on_suspended();
  if (event == VIR_DOMAIN_EVENT_STOPPED) boot->on_stopped();
  return 0;
}

void on_monitor(virConnectPtr, virDomainPtr, const char* name, long long, unsigned, const char* details, void* opaque) {
  if (auto boot = boot_of(opaque)) boot->on_monitor_event(name, details == nullptr ? "" : details);
}

/// False where it could not be: the process of another user, as those of the system's daemon are, can be ended by libvirt alone.
bool kill_at_once(int pidfd) {
  return pidfd >= 0 && (::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) == 0 || errno == ESRCH);
}

Result<std::string> new_uuid() {
  std::string uuid = TRY(read_file("/proc/sys/kernel/random/uuid", 100));
  return uuid.substr(0, uuid.find('\n'));
}

}  // namespace

std::filesystem::path Machine::Impl::stem() const {
  return evidence.evidence / fmt::format("boot-{}", boots);
}

Result<void> Machine::Impl::prepare(const Deadline& deadline) {
  identity = {.name = {}, .uuid = TRY(new_uuid()), .owner = host.owner};
  // libvirt puts the first 20 characters into paths: the part that makes it unique comes early.
  identity.name = fmt::format("d{}-{}", identity.uuid.substr(0, 8), spec.name);
  TRY_VOID(place(deadline));
  // Uploads first: they take long, and what an overlay in a far host's pool belongs to is not known until the domain is defined.
  if (spec.disk) TRY(host.placement->place(*spec.disk, deadline));
  for (const ExtraDisk& disk : spec.extra_disks) TRY(host.placement->place(disk.image, deadline));
  if (spec.disk) placed.overlays.push_back(TRY(host.placement->make_overlay(*spec.disk, identity.name + "-a", deadline)));
  for (std::size_t i = 0; i < spec.extra_disks.size(); ++i)
    placed.overlays.push_back(TRY(host.placement->make_overlay(spec.extra_disks[i].image, fmt::format("{}-{}", identity.name, static_cast<char>('b' + i)), deadline)));
  if (spec.tpm && host.tpm) {
    std::string state = TRY(read_file(host.tpm->state));
    TRY_VOID(write_file(host.tpm_state(identity.uuid), state), "giving the machine its TPM");
  }
  placed.allocate_pcr_banks = spec.tpm && !host.tpm;
  return {};
}

Result<void> Machine::Impl::place(const Deadline& deadline) {
  placed.kernel = TRY(host.placement->place(spec.kernel, deadline));
  placed.initrd = spec.initrd ? TRY(host.placement->place(*spec.initrd, deadline)) : std::string();
  return {};
}

Result<void> Machine::Impl::define() {
  if (host.near) placed.console_log = (host.run->path() / fmt::format("{}-{}.console", identity.name, boots)).string();
  std::string xml = domain_xml(spec, placed, identity);
  TRY_VOID(write_file(stem().string() + ".xml", xml));
  domain.reset(virDomainDefineXML(host.connection.get(), xml.c_str()));
  if (!domain) return fail(libvirt_error(ErrorKind::infra, "define the machine"));
  return {};
}

Result<void> Machine::Impl::watch_events() {
  if (lifecycle_ >= 0) return {};
  virConnectPtr connection = host.connection.get();
  // libvirt has one type for the handlers of all events, and calls each as what its event has; no function is of that type itself.
  const auto lifecycle = reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(on_lifecycle));
  lifecycle_ = virConnectDomainEventRegisterAny(connection, domain.get(), VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle, new WeakImpl(weak_from_this()),
                                                free_function<WeakImpl>);
  monitor_ = virConnectDomainQemuMonitorEventRegister(connection, domain.get(), nullptr, on_monitor, new WeakImpl(weak_from_this()),
                                                      free_function<WeakImpl>, 0);
  if (lifecycle_ < 0 || monitor_ < 0) return fail(libvirt_error(ErrorKind::infra, "watch the machine's events"));
  loss_ = host.on_loss([weak = weak_from_this()](const Error& why) {
    auto machine = weak.lock();
    if (auto boot = machine ? machine->boot() : nullptr) boot->on_link_lost(why);
  });
  return {};
}

Result<void> Machine::Impl::attach_streams(Boot& boot) {
  StreamHandle console(virStreamNew(host.connection.get(), VIR_STREAM_NONBLOCK));
  if (!console || virDomainOpenConsole(domain.get(), nullptr, console.get(), 0) != 0)
    return fail(libvirt_error(ErrorKind::infra, "open the machine's console"));
  boot.keep_console_port(TRY(StreamPort::attach(std::move(console), boot.console_sink())));
  StreamHandle agent(virStreamNew(host.connection.get(), VIR_STREAM_NONBLOCK));
  if (!agent || virDomainOpenChannel(domain.get(), std::string(agent_port_name).c_str(), agent.get(), 0) != 0)
    return fail(libvirt_error(ErrorKind::infra, "open the machine's agent port"));
  boot.set_agent(TRY(StreamPort::attach(std::move(agent), {})));
  return {};
}

Result<void> Machine::Impl::begin_boot(const Deadline& deadline) {
  ++boots;
  TRY_VOID(define());
  TRY_VOID(watch_events());
  Boot::Facts facts{.qemu_log = [weak = weak_from_this()] { auto self = weak.lock(); return self ? self->host.qemu_log(self->identity.name) : std::string(); },
                    .qemu_lives = [weak = weak_from_this()] { auto self = weak.lock(); return self && self->qemu_lives(); },
                    .console_copy = placed.console_log};
  auto boot = TRY(Boot::create(stem(), evidence.on_line, std::move(facts)));
  {
    std::lock_guard lock(mutex_);
    boot_ = boot;
  }
  // A daemon stops the machine when this process, however it ends, lets go of the connection. The embedded driver cannot (it
  // would be gone itself): what it leaves is found by the next run.
  unsigned flags = VIR_DOMAIN_START_PAUSED | (host.embedded ? 0u : static_cast<unsigned>(VIR_DOMAIN_START_AUTODESTROY));
  if (virDomainCreateWithFlags(domain.get(), flags) != 0) return fail(libvirt_error(ErrorKind::infra, "start the machine"));
  TRY_VOID(attach_streams(*boot));
  watch_processes();
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while starting the machine");
  if (deadline.expired()) return fail(ErrorKind::timeout, "the machine was not started before the deadline");
  boot->expect_running(true);
  if (virDomainResume(domain.get()) != 0) return fail(libvirt_error(ErrorKind::infra, "let the machine run"));
  return {};
}

void Machine::Impl::watch_processes() {
  command_lines.clear();
  if (!host.near) return;
  forget_processes();
  for (auto& process : find_hypervisor_processes(identity.uuid)) {
    Command command;
    command.argv = process.command;
    command_lines += command.to_shell() + "\n";
    if (process.program == "swtpm") {
      std::lock_guard lock(mutex_);
      tpm_pidfd_ = process.pidfd;
      tpm_watch_ = watch_readable(::dup(process.pidfd), [weak = std::weak_ptr(boot_)] {
        if (auto alive = weak.lock()) alive->on_tpm_gone();
      });
    } else {
      std::lock_guard lock(mutex_);
      qemu_pidfd_ = process.pidfd;
      qemu_watch_ = watch_readable(::dup(process.pidfd), [weak = std::weak_ptr(boot_)] {
        if (auto alive = weak.lock()) alive->on_qemu_gone();
      });
    }
  }
}

void Machine::Impl::forget_processes() {
  if (tpm_watch_ >= 0) unwatch(std::exchange(tpm_watch_, -1));
  if (qemu_watch_ >= 0) unwatch(std::exchange(qemu_watch_, -1));
  std::lock_guard lock(mutex_);
  for (int* pidfd : {&tpm_pidfd_, &qemu_pidfd_})
    if (*pidfd >= 0) ::close(std::exchange(*pidfd, -1));
}

bool Machine::Impl::kill_processes() {
  std::lock_guard lock(mutex_);
  const bool killed = kill_at_once(qemu_pidfd_);
  kill_at_once(tpm_pidfd_);  // libvirt asks it to end, and waits for its answer without limit
  return killed;
}

bool Machine::Impl::qemu_lives() const {
  std::lock_guard lock(mutex_);
  pollfd gone{.fd = qemu_pidfd_, .events = POLLIN, .revents = 0};
  return qemu_pidfd_ >= 0 && ::poll(&gone, 1, 0) == 0;
}

Result<void> Machine::Impl::end_boot() {
  auto boot = this->boot();
  if (!boot || !domain) return {};
  boot->expect_destroy();
  // libvirt first asks QEMU to end, which takes a second or two. This is a power cut.
  const bool killed = kill_processes();
  // libvirt notices by itself and clears up. Were it asked to stop the domain meanwhile, what it had begun would come last, and
  // kill the QEMU of the domain's next boot.
  if (killed && virDomainIsActive(domain.get()) == 1) (void)boot->wait_until_stopped(Deadline::in(stop_time));
  bool active = virDomainIsActive(domain.get()) == 1;
  if (active && virDomainDestroy(domain.get()) != 0 && virDomainIsActive(domain.get()) == 1)
    return fail(libvirt_error(ErrorKind::infra, "stop the machine"));
  auto end = boot->ended();
  bool started = active || end;
  if (started && !(end && end->cause == EndCause::link_lost)) TRY_VOID(boot->wait_until_stopped(Deadline::in(stop_time)));
  forget_processes();
  store_logs();
  return {};
}

void Machine::Impl::abandon(const Error& why) {
  if (why.kind() == ErrorKind::interrupted) boot()->expect_destroy();
  else boot()->on_silence();
  if (!kill_processes()) virDomainDestroy(domain.get());
}

void Machine::Impl::store_logs() {
  std::string log = host.qemu_log(identity.name);
  if (!log.empty()) (void)write_file(stem().string() + ".qemu.log", log);
  std::error_code ignored;
  if (!placed.console_log.empty()) std::filesystem::remove(placed.console_log, ignored);
}

void Machine::Impl::remove() {
  (void)end_boot();
  virConnectPtr connection = host.connection.get();
  if (lifecycle_ >= 0) virConnectDomainEventDeregisterAny(connection, lifecycle_);
  if (monitor_ >= 0) virConnectDomainQemuMonitorEventDeregister(connection, monitor_);
  if (loss_ >= 0) host.forget_loss(loss_);
  lifecycle_ = monitor_ = loss_ = -1;
  if (domain) remove_domain(domain.get());
  for (const std::string& overlay : placed.overlays) (void)host.placement->remove_overlay(overlay);
  placed.overlays.clear();
  std::error_code ignored;
  if (host.tpm) std::filesystem::remove_all(host.tpm_state(identity.uuid).parent_path().parent_path(), ignored);
}

Machine::Impl::~Impl() {
  forget_processes();
}

}  // namespace diglab
