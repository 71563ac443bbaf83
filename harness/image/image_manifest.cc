// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_manifest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "os/files.h"

namespace diglab {

using nlohmann::json;

std::string to_json(const ImageManifest& manifest) {
  auto packages = json::array();
  for (const auto& entry : manifest.packages) packages.push_back({{"nevra", entry.nevra}, {"rpm_sha256", entry.rpm_sha256}});
  return json{{"id", manifest.id},
              {"set", manifest.set},
              {"suite", manifest.suite},
              {"ima_signatures", manifest.ima_signatures},
              {"keys", manifest.keys},
              {"rpm_fingerprint", manifest.rpm_fingerprint},
              {"disk_sha256", manifest.disk_sha256},
              {"disk_bytes", manifest.disk_bytes},
              {"packages", packages}}
             .dump(2) + "\n";
}

Result<ImageManifest> parse_image_manifest(std::string_view text) {
  try {
    const auto document = json::parse(text);
    ImageManifest manifest;
    document.at("id").get_to(manifest.id);
    document.at("set").get_to(manifest.set);
    document.at("suite").get_to(manifest.suite);
    document.at("ima_signatures").get_to(manifest.ima_signatures);
    document.at("keys").get_to(manifest.keys);
    document.at("rpm_fingerprint").get_to(manifest.rpm_fingerprint);
    document.at("disk_sha256").get_to(manifest.disk_sha256);
    document.at("disk_bytes").get_to(manifest.disk_bytes);
    for (const auto& entry : document.at("packages")) manifest.packages.push_back({entry.at("nevra"), entry.at("rpm_sha256")});
    return manifest;
  } catch (const json::exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("image manifest: {}", error.what()));
  }
}

Result<bool> is_intact(const std::filesystem::path& file, const std::string& sha256, const std::filesystem::path& memory) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const auto now = fmt::format("{} {} {} {}.{:09} {}.{:09} {}\n", static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                               status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec, sha256);
  const auto before = read_file(memory, 4096);
  if (before && *before == now) return true;
  if (TRY(sha256_of_file(file)) != sha256) return false;
  TRY_VOID(write_file(memory, now));
  return true;
}

}  // namespace diglab
