// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

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
              {"files", manifest.files},
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
    document.at("files").get_to(manifest.files);
    document.at("disk_bytes").get_to(manifest.disk_bytes);
    for (const auto& entry : document.at("packages")) manifest.packages.push_back({entry.at("nevra"), entry.at("rpm_sha256")});
    return manifest;
  } catch (const json::exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("image manifest: {}", error.what()));
  }
}

Result<bool> are_intact(const std::filesystem::path& directory, const std::map<std::string, std::string>& files, const std::filesystem::path& memory) {
  std::set<std::string> known;
  std::istringstream before(read_file(memory, 1 << 20).value_or(std::string()));
  for (std::string line; std::getline(before, line);) known.insert(std::move(line));
  std::set<std::string> now;
  for (const auto& [name, sha256] : files) {
    struct stat status {};
    if (::stat((directory / name).c_str(), &status) != 0) return false;
    const auto& line = *now.insert(fmt::format("{} {} {} {}.{:09} {}.{:09} {} {}", static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                                               status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
                                               sha256, name)).first;
    if (!known.contains(line) && TRY(sha256_of_file(directory / name)) != sha256) return false;
  }
  if (now != known) TRY_VOID(write_file(memory, fmt::format("{}\n", fmt::join(now, "\n"))));
  return true;
}

}  // namespace diglab
