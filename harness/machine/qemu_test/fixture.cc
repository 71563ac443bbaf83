// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/qemu_test/fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "machine/owned_processes.h"
#include "os/cpio.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

void make_initrd(const fs::path& to, const fs::path& init) {
  ASSERT_OK(write_file(to, *cpio_of({{"init", S_IFREG | 0755, *read_file(init)}})));
}

}  // namespace

void MachineTest::SetUp() {
  const char* kernel = std::getenv("DIGLAB_TEST_KERNEL");
  if (kernel == nullptr) GTEST_SKIP() << "DIGLAB_TEST_KERNEL names no kernel";
  kernel_ = kernel;
  ASSERT_TRUE(fs::exists(kernel_)) << kernel_;
  initrd_ = scratch_.path() / "initrd";
  make_initrd(initrd_, DIGLAB_TEST_GUEST);
}

HostOptions MachineTest::options() const {
  const char* cache = std::getenv("DIGLAB_CACHE");
  HostOptions made;
  made.state_dir = "/tmp/dgt-state";
  made.cache_dir = cache != nullptr ? fs::path(cache) : fs::temp_directory_path() / "diglab-test-cache";
  return made;
}

void MachineTest::open_host(HostOptions with) {
  auto host = Host::open(std::move(with), Deadline::in(patience));
  ASSERT_OK(host);
  host_ = *std::move(host);
}

MachineSpec MachineTest::spec(bool init) const {
  MachineSpec made;
  made.name = "test";
  made.kernel = kernel_;
  if (init) made.initrd = initrd_;
  made.memory_mib = 256;
  made.cpus = 1;
  return made;
}

std::unique_ptr<Machine> MachineTest::start(MachineSpec with) {
  if (!host_) open_host(options());
  if (!host_) return nullptr;
  auto machine = Machine::start(*host_, std::move(with), {.evidence = scratch_.path() / "evidence", .on_line = {}}, Deadline::in(patience));
  EXPECT_TRUE(machine.has_value()) << machine.error().to_string();
  return machine ? *std::move(machine) : nullptr;
}

std::unique_ptr<Machine> MachineTest::start_up() {
  MachineSpec with = spec();
  with.disk = make_disk(64 << 20);
  auto machine = start(std::move(with));
  if (machine) wait_until_up(*machine);
  return machine;
}

void MachineTest::wait_until_up(Machine& machine) {
  ASSERT_OK(machine.console().wait_for("guest: up", Deadline::in(patience)));
  ASSERT_OK(ask(machine, "hello"));
  machine.agent_answered();
}

fs::path MachineTest::make_disk(std::uintmax_t size) {
  fs::path disk = scratch_.path() / "disk.raw";
  std::ofstream(disk).put('d');
  fs::resize_file(disk, size);
  return disk;
}

void tell(Machine& machine, std::string_view line) {
  std::string text = std::string(line) + "\n";
  ASSERT_OK(machine.agent().write_all(view_of(text), Deadline::in(30s)));
}

Result<std::string> ask(Machine& machine, std::string_view line, std::chrono::seconds time) {
  Deadline deadline = Deadline::in(time);
  TRY_VOID(machine.agent().write_all(view_of(std::string(line) + "\n"), deadline));
  std::string answer;
  for (;;) {
    std::array<std::uint8_t, 256> buffer{};
    std::size_t count = TRY(machine.agent().read_some(buffer, deadline));
    if (count == 0) return fail(ErrorKind::guest_lost, "the port was closed");
    answer += text_of(ByteView(buffer).first(count));
    if (answer.ends_with('\n')) return answer.substr(0, answer.size() - 1);
  }
}

pid_t process_of(const Machine& machine, std::string_view program) {
  // The domain's name is in QEMU's command line, its UUID (which the name begins with) in that of swtpm.
  pid_t found = 0;
  auto processes = find_hypervisor_processes(machine.domain_name().substr(1, 8));
  for (const auto& process : processes)
    if (process.program == program) found = process.pid;
  close_all(processes);
  return found;
}

}  // namespace diglab
