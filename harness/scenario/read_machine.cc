// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_machine.h"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/fields.h"
#include "scenario/suggest.h"

namespace diglab {
namespace {

InitramfsWish read_initramfs(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::initramfs, problems);
  InitramfsWish wish{.by = {}, .files = {}, .line = node.at.line, .column = node.at.column};
  if (!fields.valid()) return wish;
  wish.by = fields.text("by").value_or("");
  wish.lists = fields.word("lists", words::initramfs_lists).value_or(wish.lists);
  const auto* files = fields.find("files");
  if (!files || !is_list(*files, "files", problems)) return wish;
  for (const auto& item : files->items)
    if (auto path = read_path(item, "files", problems)) wish.files.push_back(*std::move(path));
  return wish;
}

/// A name out of those that there are.
std::optional<std::string> read_known(const Fields& fields, std::string_view key, std::string_view what, const std::vector<std::string>& known) {
  auto name = fields.text(key);
  const std::vector<std::string_view> names(known.begin(), known.end());
  if (name && !names.empty() && std::ranges::find(names, *name) == names.end()) {
    fields.problems().add(fields.find(key)->at, fmt::format("'{}': there is no {} '{}'{}; expected one of {}", key, what, *name,
                                                            did_you_mean(*name, names), comma_list(names)));
  }
  return name;
}

}  // namespace

MachineWish read_machine(const YamlNode& node, const Known& known, Problems& problems) {
  Fields fields(node, keys::machine, problems);
  MachineWish wish;
  if (!fields.valid()) return wish;
  wish.kernel = read_known(fields, "kernel", "flavour", known.flavours);
  wish.image = read_known(fields, "image", "package set", known.sets);
  wish.suite = fields.word("suite", words::suite);
  wish.ima_signatures = fields.boolean("ima_signatures");
  wish.digest_lists = fields.word("digest_lists", words::digest_lists);
  if (const auto* initramfs = fields.find("initramfs")) wish.initramfs = read_initramfs(*initramfs, problems);
  wish.cpus = fields.integer("cpus", 1, 64);
  wish.memory = fields.integer("memory", 64, 65536);
  wish.tpm = fields.boolean("tpm");
  wish.disk_flush = fields.boolean("disk_flush");
  wish.init = fields.path("init");
  wish.cmdline = fields.texts("cmdline");
  if (const auto* smbios = fields.find("smbios")) wish.smbios = read_smbios(*smbios, problems);
  return wish;
}

std::map<std::string, std::string> read_smbios(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::smbios, problems);
  std::map<std::string, std::string> entries;
  for (auto key : keys::smbios.keys) {
    if (auto value = fields.text(key)) entries.emplace(key, *value);
  }
  return entries;
}

}  // namespace diglab
