// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/rpm_tools.h"

#include <fmt/format.h>

#include "image/gpg_home.h"
#include "os/files.h"

namespace diglab {

Command rpm_tool(std::initializer_list<std::string> words, const std::filesystem::path& home) {
  return Command(words)
      .set("HOME", home.string())
      .set("SOURCE_DATE_EPOCH", fmt::format("{}", image_epoch))
      .set("LC_ALL", "C.UTF-8")
      .set("TZ", "UTC");
}

Result<void> write_rpm_macros(const std::filesystem::path& home, const std::map<std::string, std::string>& more) {
  // %__spec_install_pre would empty the build root, which is already laid out; the post scripts strip and compress.
  std::string text =
      "%_dbpath /var/lib/rpm\n"
      "%__gpg /usr/bin/gpg\n"
      "%_gpg_digest_algo sha256\n"
      "%_gpg_sign_cmd_extra_args --batch --no-tty --pinentry-mode loopback --faked-system-time {}!\n"
      "%__spec_install_pre %{{___build_pre}}\n"
      "%__spec_install_post %{{nil}}\n"
      "%debug_package %{{nil}}\n"
      "%_build_id_links none\n"
      "%use_source_date_epoch_as_buildtime 1\n"
      "%clamp_mtime_to_source_date_epoch 1\n"
      "%_buildhost diglab\n"
      "%_binary_payload w3.zstdio\n";
  text = fmt::format(fmt::runtime(text), image_epoch);
  for (const auto* plugin : {"audit", "dbus_announce", "fapolicyd", "fsverity", "ima", "prioreset", "selinux", "syslog", "systemd_inhibit"})
    text += fmt::format("%__transaction_{} %{{nil}}\n", plugin);
  for (const auto& [name, value] : more) text += fmt::format("%{} {}\n", name, value);
  return write_file(home / ".rpmmacros", text);
}

}  // namespace diglab
