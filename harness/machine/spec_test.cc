// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/spec.h"

#include <gmock/gmock.h>

#include <pugixml.hpp>

namespace diglab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MachineSpec full_spec() {
  MachineSpec spec;
  spec.kernel = "/k";
  spec.initrd = "/i";
  spec.cmdline = "root=/dev/vda ima_policy=\"a|b\" <&>";
  spec.disk = "/d.raw";
  spec.extra_disks = {{.image = "/e.raw", .serial = "log"}};
  spec.smbios = {{"bios.vendor", "changed"}, {"system.serial", "7"}, {"bios.version", "2"}};
  return spec;
}

const PlacedFiles files{.kernel = "/p/k", .initrd = "/p/i", .overlays = {"/o/a", "/o/b"}, .console_log = "/c.log", .allocate_pcr_banks = false};
const DomainIdentity identity{.name = "d1-test", .uuid = "8f4e2b1c-0000-4000-8000-000000000001", .owner = "host:/run/r-1"};

/// The domain, parsed again. Values are asked for by XPath, so that layout is nobody's business.
class Domain {
 public:
  explicit Domain(const std::string& xml) { EXPECT_TRUE(document_.load_string(xml.c_str())) << xml; }
  std::string at(const char* path) const { return document_.select_node(path).attribute() ? document_.select_node(path).attribute().value() : document_.select_node(path).node().text().get(); }
  std::size_t count(const char* path) const { return document_.select_nodes(path).size(); }

 private:
  pugi::xml_document document_;
};

TEST(DomainXml, BootsTheKernelDirectlyWithItsCommandLineUntouched) {
  Domain domain(domain_xml(full_spec(), files, identity));
  EXPECT_EQ(domain.at("/domain/os/kernel"), "/p/k");
  EXPECT_EQ(domain.at("/domain/os/initrd"), "/p/i");
  EXPECT_EQ(domain.at("/domain/os/cmdline"), "console=ttyS0 panic=-1 no_timer_check noapictimer root=/dev/vda ima_policy=\"a|b\" <&>");
  EXPECT_EQ(domain.at("/domain/os/type/@machine"), "q35");
}

TEST(DomainXml, OnlyASingleEmulatedProcessorDoesWithoutTheApicTimer) {
  MachineSpec spec = full_spec();
  spec.cpus = 2;
  EXPECT_THAT(Domain(domain_xml(spec, files, identity)).at("/domain/os/cmdline"), Not(HasSubstr("noapictimer")));
  spec.cpus = 1;
  spec.acceleration = Acceleration::kvm;
  EXPECT_THAT(Domain(domain_xml(spec, files, identity)).at("/domain/os/cmdline"), Not(HasSubstr("noapictimer")));
}

TEST(DomainXml, EndsTheBootWhateverTheGuestAsksFor) {
  Domain domain(domain_xml(full_spec(), files, identity));
  for (const char* event : {"/domain/on_poweroff", "/domain/on_reboot", "/domain/on_crash"}) EXPECT_EQ(domain.at(event), "destroy") << event;
}

TEST(DomainXml, DisksAreTheOverlaysInOrderAndOnlyExtraOnesHaveSerials) {
  Domain domain(domain_xml(full_spec(), files, identity));
  EXPECT_EQ(domain.count("//disk"), 2u);
  EXPECT_EQ(domain.at("//disk[1]/source/@file"), "/o/a");
  EXPECT_EQ(domain.at("//disk[1]/target/@dev"), "vda");
  EXPECT_EQ(domain.count("//disk[1]/serial"), 0u);
  EXPECT_EQ(domain.at("//disk[2]/target/@dev"), "vdb");
  EXPECT_EQ(domain.at("//disk[2]/serial"), "log");
}

TEST(DomainXml, DevicesShareTheRootBusAndNoSlot) {
  Domain domain(domain_xml(full_spec(), files, identity));
  EXPECT_EQ(domain.count("//devices/*/address[@bus='0']"), 4u);  // two disks, the agent's port, randomness
  EXPECT_EQ(domain.count("//address[@slot=preceding::address/@slot]"), 0u);
}

TEST(DomainXml, WithoutARootDiskTheFirstDiskIsAnExtraOne) {
  MachineSpec spec = full_spec();
  spec.disk.reset();
  Domain domain(domain_xml(spec, {.kernel = "/k", .initrd = {}, .overlays = {"/o/b"}, .console_log = {}}, identity));
  EXPECT_EQ(domain.at("//disk[1]/serial"), "log");
  EXPECT_EQ(domain.count("//serial/log"), 0u);
  EXPECT_EQ(domain.count("/domain/os/initrd"), 0u);
}

TEST(DomainXml, TpmIsThereOnlyWhenWantedAndBanksAreAskedForOnlyOfADaemon) {
  MachineSpec spec = full_spec();
  Domain own(domain_xml(spec, files, identity));
  EXPECT_EQ(own.at("//tpm/@model"), "tpm-crb");
  EXPECT_EQ(own.at("//tpm/backend/@version"), "2.0");
  EXPECT_EQ(own.count("//active_pcr_banks"), 0u);
  PlacedFiles with_banks = files;
  with_banks.allocate_pcr_banks = true;
  EXPECT_EQ(Domain(domain_xml(spec, with_banks, identity)).count("//active_pcr_banks/*"), 4u);
  spec.tpm = false;
  EXPECT_EQ(Domain(domain_xml(spec, files, identity)).count("//tpm"), 0u);
}

TEST(DomainXml, SmbiosEntriesAreGroupedByBlock) {
  Domain domain(domain_xml(full_spec(), files, identity));
  EXPECT_EQ(domain.at("//sysinfo/bios/entry[@name='vendor']"), "changed");
  EXPECT_EQ(domain.at("//sysinfo/bios/entry[@name='version']"), "2");
  EXPECT_EQ(domain.at("//sysinfo/system/entry[@name='serial']"), "7");
  EXPECT_EQ(domain.at("/domain/os/smbios/@mode"), "sysinfo");
  Domain plain(domain_xml(MachineSpec{}, files, identity));
  EXPECT_EQ(plain.count("//sysinfo") + plain.count("//smbios"), 0u);
}

TEST(DomainXml, AccelerationChoosesDomainTypeAndCpu) {
  MachineSpec spec = full_spec();
  EXPECT_EQ(Domain(domain_xml(spec, files, identity)).at("/domain/@type"), "qemu");
  EXPECT_EQ(Domain(domain_xml(spec, files, identity)).at("/domain/cpu/model"), "qemu64");
  spec.acceleration = Acceleration::kvm;
  EXPECT_EQ(Domain(domain_xml(spec, files, identity)).at("/domain/@type"), "kvm");
  EXPECT_EQ(Domain(domain_xml(spec, files, identity)).at("/domain/cpu/@mode"), "host-passthrough");
}

TEST(DomainXml, OwnerAndAgentPortAndRawArgumentsAreThere) {
  MachineSpec spec = full_spec();
  spec.qemu_arguments = {"-gdb", "unix:/g"};
  Domain domain(domain_xml(spec, files, identity));
  EXPECT_EQ(domain.at("/domain/metadata/*"), "host:/run/r-1");
  EXPECT_EQ(domain.count("/domain/metadata/*[namespace-uri()='urn:diglab:run']"), 1u);
  EXPECT_EQ(domain.at("//channel/target/@name"), std::string(agent_port_name));
  EXPECT_EQ(domain.at("/domain/*[local-name()='commandline']/*[last()]/@value"), "unix:/g");
}

TEST(DomainXml, TheFirmwareSeesTheSameUuidInEveryMachine) {
  MachineSpec spec = full_spec();
  std::string path = "/domain/*[local-name()='commandline']/*[2]/@value";
  std::string first = Domain(domain_xml(spec, files, identity)).at(path.c_str());
  DomainIdentity other = identity;
  other.uuid = "11111111-2222-4333-8444-555555555555";
  EXPECT_EQ(Domain(domain_xml(spec, files, other)).at(path.c_str()), first);
  EXPECT_NE(first.find("uuid="), std::string::npos);
}

}  // namespace
}  // namespace diglab
