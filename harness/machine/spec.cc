// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/spec.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

namespace diglab {
namespace {

using pugi::xml_node;

/// Adds <name>text</name> and returns it.
xml_node add(xml_node parent, const char* name, const std::string& text = {}) {
  xml_node node = parent.append_child(name);
  if (!text.empty()) node.text().set(text.c_str());
  return node;
}

xml_node with(xml_node node, std::initializer_list<std::pair<const char*, std::string>> attributes) {
  for (const auto& [name, value] : attributes) node.append_attribute(name).set_value(value.c_str());
  return node;
}

void add_smbios(xml_node domain, const std::map<std::string, std::string>& entries) {
  if (entries.empty()) return;
  xml_node sysinfo = with(add(domain, "sysinfo"), {{"type", "smbios"}});
  for (const auto& [key, value] : entries) {
    auto dot = key.find('.');
    std::string block = key.substr(0, dot);
    xml_node parent = sysinfo.child(block.c_str());
    if (!parent) parent = add(sysinfo, block.c_str());
    with(add(parent, "entry", value), {{"name", dot == std::string::npos ? "version" : key.substr(dot + 1)}});
  }
}

void add_boot(xml_node domain, const MachineSpec& spec, const PlacedFiles& files) {
  xml_node os = add(domain, "os");
  with(add(os, "type", "hvm"), {{"arch", "x86_64"}, {"machine", "q35"}});
  add(os, "kernel", files.kernel);
  if (!files.initrd.empty()) add(os, "initrd", files.initrd);
  // panic=-1: a panic resets at once, and a reset ends the boot (on_reboot), so that no panic is only a silence.
  // no_timer_check: the kernel's test of its timer counts host time, and fails on a host that is busy with something else.
  // noapictimer: calibrating that timer is a tenth of a second of counting, where the kernel cannot ask the hypervisor; a single processor has others.
  const bool other_timer = spec.acceleration == Acceleration::tcg && spec.cpus == 1;
  add(os, "cmdline", fmt::format("console=ttyS0 panic=-1 no_timer_check{}{}{}", other_timer ? " noapictimer" : "", spec.cmdline.empty() ? "" : " ", spec.cmdline));
  if (!spec.smbios.empty()) with(add(os, "smbios"), {{"mode", "sysinfo"}});
}

/// What libvirt calls a virtio device without the interface of before version 1.0, which those on a bus of PCI would have as well.
constexpr const char* virtio = "virtio-non-transitional";

/// Slots of the root bus. The host bridge has the first one, the chip set the last.
constexpr std::size_t port_slot = 2, rng_slot = 3, first_disk_slot = 4;

/// Left to libvirt, each device gets a bridge of its own, for the case that it is unplugged some day. Nothing is, and to find and set up the
/// bridges is a tenth of an emulated boot, and a quarter of a debug kernel's.
void on_root_bus(xml_node device, std::size_t slot) {
  with(add(device, "address"), {{"type", "pci"}, {"domain", "0"}, {"bus", "0"}, {"slot", fmt::format("{:#x}", slot)}, {"function", "0"}});
}

void add_disk(xml_node devices, const std::string& overlay, std::size_t index, const std::string& serial, bool flush) {
  xml_node disk = with(add(devices, "disk"), {{"type", "file"}, {"device", "disk"}, {"model", virtio}});
  with(add(disk, "driver"), {{"name", "qemu"}, {"type", "qcow2"}, {"cache", flush ? "writeback" : "unsafe"}, {"discard", "unmap"}});
  with(add(disk, "source"), {{"file", overlay}});
  with(add(disk, "target"), {{"dev", fmt::format("vd{}", static_cast<char>('a' + index))}, {"bus", "virtio"}});
  if (!serial.empty()) add(disk, "serial", serial);
  on_root_bus(disk, first_disk_slot + index);
}

void add_devices(xml_node domain, const MachineSpec& spec, const PlacedFiles& files) {
  xml_node devices = add(domain, "devices");
  std::size_t first_extra = spec.disk ? 1 : 0;
  for (std::size_t i = 0; i < files.overlays.size(); ++i) {
    std::size_t extra = i - first_extra;
    add_disk(devices, files.overlays[i], i, i < first_extra || extra >= spec.extra_disks.size() ? "" : spec.extra_disks[extra].serial,
             spec.disk_flush);
  }
  with(add(devices, "controller"), {{"type", "usb"}, {"model", "none"}});
  if (spec.tpm) {
    xml_node backend = with(add(with(add(devices, "tpm"), {{"model", "tpm-crb"}}), "backend"), {{"type", "emulator"}, {"version", "2.0"}});
    if (files.allocate_pcr_banks)
      for (const char* bank : {"sha1", "sha256", "sha384", "sha512"}) {
        xml_node banks = backend.child("active_pcr_banks");
        add(banks ? banks : add(backend, "active_pcr_banks"), bank);
      }
  }
  xml_node serial = with(add(devices, "serial"), {{"type", "pty"}});
  if (!files.console_log.empty()) with(add(serial, "log"), {{"file", files.console_log}, {"append", "off"}});
  with(add(serial, "target"), {{"type", "isa-serial"}, {"port", "0"}});
  with(add(with(add(devices, "channel"), {{"type", "unix"}}), "target"), {{"type", "virtio"}, {"name", std::string(agent_port_name)}});
  on_root_bus(with(add(devices, "controller"), {{"type", "virtio-serial"}, {"index", "0"}, {"model", virtio}}), port_slot);
  xml_node rng = with(add(devices, "rng"), {{"model", virtio}});
  with(add(rng, "backend", "/dev/urandom"), {{"model", "random"}});
  on_root_bus(rng, rng_slot);
  with(add(devices, "memballoon"), {{"model", "none"}});
}

/// The processor. Emulated, one without vector extensions beyond SSE3: QEMU emulates XSAVE and SSSE3 by calls, which the kernel makes at each switch
/// of tasks and the C library and hashes all the time; `rpm -Va` takes 1.7 times as long with all that QEMU has. It gets what makes a kernel's
/// mistakes visible (user memory executed or touched by accident) and randomness from the first instant.
void add_cpu(xml_node domain, bool kvm) {
  xml_node cpu = add(domain, "cpu");
  if (kvm) {
    with(cpu, {{"mode", "host-passthrough"}});
    return;
  }
  with(cpu, {{"mode", "custom"}, {"match", "exact"}});
  add(cpu, "model", "qemu64");
  for (const char* feature : {"smep", "smap", "umip", "rdrand"}) with(add(cpu, "feature"), {{"policy", "require"}, {"name", feature}});
}

}  // namespace

std::string_view to_string(Acceleration acceleration) {
  return acceleration == Acceleration::kvm ? "kvm" : "tcg";
}

TimeScale time_scale(Acceleration acceleration) {
  return {acceleration == Acceleration::kvm ? TimeScale::kvm : TimeScale::tcg};
}

std::string domain_xml(const MachineSpec& spec, const PlacedFiles& files, const DomainIdentity& identity) {
  pugi::xml_document document;
  bool kvm = spec.acceleration == Acceleration::kvm;
  xml_node domain = with(add(document, "domain"), {{"type", kvm ? "kvm" : "qemu"}});
  add(domain, "name", identity.name);
  add(domain, "uuid", identity.uuid);
  xml_node owner = add(add(domain, "metadata"), "diglab:run", identity.owner);
  with(owner, {{"xmlns:diglab", std::string(owner_namespace)}});
  with(add(domain, "memory", std::to_string(spec.memory_mib)), {{"unit", "MiB"}});
  add(domain, "vcpu", std::to_string(spec.cpus));
  add_smbios(domain, spec.smbios);
  add_boot(domain, spec, files);
  add(add(domain, "features"), "acpi");
  add_cpu(domain, kvm);
  add(domain, "on_poweroff", "destroy");
  add(domain, "on_reboot", "destroy");
  add(domain, "on_crash", "destroy");
  add_devices(domain, spec, files);
  with(domain, {{"xmlns:qemu", "http://libvirt.org/schemas/domain/qemu/1.0"}});
  xml_node arguments = add(domain, "qemu:commandline");
  // The firmware measures the system's UUID. libvirt wants it to be the domain's, which is another for each machine;
  // machines that are alike in all else must measure alike.
  for (const char* argument : {"-smbios", "type=1,uuid=d161ab00-0000-4000-8000-000000000001"}) with(add(arguments, "qemu:arg"), {{"value", argument}});
  for (const std::string& argument : spec.qemu_arguments) with(add(arguments, "qemu:arg"), {{"value", argument}});
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
  return text.str();
}

}  // namespace diglab
