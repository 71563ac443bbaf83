// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/machine.h"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>

#include "machine/bounded_call.h"
#include "machine/machine_impl.h"

namespace diglab {

Machine::Machine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)), snapshots_(*this) {}

Machine::~Machine() {
  impl_->remove();
}

Result<std::unique_ptr<Machine>> Machine::start(Host& host, MachineSpec spec, Files files, const Deadline& deadline) {
  std::string name = spec.name;
  // From here on the destructor cleans up, however far it came.
  std::unique_ptr<Machine> machine(new Machine(std::make_shared<Impl>(host.impl(), std::move(spec), std::move(files))));
  TRY_VOID(machine->impl_->prepare(deadline), fmt::format("machine {}", name));
  TRY_VOID(machine->impl_->begin_boot(deadline), fmt::format("machine {}", name));
  return machine;
}

const MachineSpec& Machine::spec() const { return impl_->spec; }
const std::string& Machine::domain_name() const { return impl_->identity.name; }
unsigned Machine::boot() const { return impl_->boots; }
ByteStream& Machine::agent() { return impl_->boot()->agent(); }
void Machine::agent_answered() { impl_->boot()->agent_answered(); }
void Machine::agent_restored() { impl_->boot()->agent().forget_guest_state(); }
ConsoleLog& Machine::console() { return impl_->boot()->console(); }
Result<void> Machine::type(std::string_view keys, const Deadline& deadline) {
  return impl_->boot()->console_port().write_all(view_of(keys), deadline);
}
SnapshotTree& Machine::snapshots() { return snapshots_; }
std::optional<MachineEnd> Machine::ended() const { return impl_->boot()->ended(); }
std::string Machine::command_lines() const { return impl_->command_lines; }

Result<MachineEnd> Machine::wait_for_end(const Deadline& deadline) {
  return impl_->boot()->wait_for_end(deadline);
}

Result<void> Machine::kill() {
  return impl_->end_boot();
}

Result<void> Machine::reboot(const Deadline& deadline, const MachineSpec* changed) {
  TRY_VOID(impl_->end_boot());
  snapshots_.forget();
  if (changed != nullptr) {
    impl_->spec.kernel = changed->kernel;
    impl_->spec.initrd = changed->initrd;
    impl_->spec.cmdline = changed->cmdline;
    impl_->spec.smbios = changed->smbios;
  }
  TRY_VOID(impl_->place(deadline));
  TRY_VOID(impl_->begin_boot(deadline), fmt::format("booting machine {} again", impl_->spec.name));
  return {};
}

Result<std::string> Machine::monitor(const std::string& command, const Deadline& deadline) {
  if (auto error = impl_->boot()->error()) return fail(*error);
  // savevm and loadvm stop the virtual CPUs for a moment.
  auto boot = impl_->boot();
  bool wanted_running = boot->expect_running(false);
  virDomainRef(impl_->domain.get());
  auto answer = call_until(deadline, fmt::format("QEMU ({})", command),
                           [domain = DomainHandle(impl_->domain.get()), command]() -> Result<std::string> {
    char* text = nullptr;
    if (virDomainQemuMonitorCommand(domain.get(), command.c_str(), &text, VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP) != 0)
      return fail(libvirt_error(ErrorKind::infra, fmt::format("give QEMU the command \"{}\"", command)));
    std::unique_ptr<char, decltype(&::free)> owned(text, ::free);
    return owned ? owned.get() : "";
  });
  boot->expect_running(wanted_running);
  if (answer) return answer;
  if (answer.error().kind() != ErrorKind::infra)
    impl_->abandon(answer.error());
  else if (auto error = boot->error())
    return fail(*error);
  return answer;
}

}  // namespace diglab
