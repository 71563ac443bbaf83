// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
constexpr const char* kManifest = "manifest.json";

}  // namespace

Result<void> KernelManifest::write(const fs::path& directory) const {
  nlohmann::json digests = nlohmann::json::object();
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(directory).string();
    if (at->is_regular_file(error) && name != kManifest) digests[name] = TRY(sha256_of_file(at->path()));
  }
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", directory.string(), error.message()));
  nlohmann::json json{{"format", 1},          {"id", id},           {"flavour", flavour}, {"source", source}, {"release", release},
                      {"options", options}, {"build_seconds", build_seconds}, {"files", digests}};
  return write_file(directory / kManifest, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Result<KernelManifest> KernelManifest::read(const fs::path& directory) {
  const fs::path path = directory / kManifest;
  const std::string text = TRY(read_file(path, 1 << 24));
  try {
    const auto json = nlohmann::json::parse(text);
    KernelManifest manifest{.id = json.at("id"),
                            .flavour = json.at("flavour"),
                            .source = json.at("source"),
                            .release = json.at("release"),
                            .options = json.at("options"),
                            .build_seconds = json.at("build_seconds"),
                            .files = json.at("files").get<std::map<std::string, std::string>>()};
    if (!manifest.files.contains("bzImage")) return fail(ErrorKind::infra, fmt::format("{}: lists no bzImage", path.string()));
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::infra, fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::string KernelManifest::damage(const fs::path& directory) const {
  for (const auto& [name, digest] : files) {
    auto found = sha256_of_file(directory / name);
    if (!found) return found.error().to_string();
    if (*found != digest) return fmt::format("{}: SHA-256 is {}, was {} when built", (directory / name).string(), *found, digest);
  }
  return {};
}

BuiltKernel KernelManifest::kernel_in(const fs::path& directory) const {
  auto if_there = [&](const char* name) {
    std::error_code ignored;
    return fs::exists(directory / name, ignored) ? directory / name : fs::path();
  };
  std::error_code ignored;
  BuiltKernel kernel;
  kernel.id = id;
  kernel.flavour = flavour;
  kernel.source = source;
  kernel.release = release;
  kernel.image = directory / "bzImage";
  kernel.config = if_there("config");
  kernel.modules = if_there("modules");
  kernel.selftests = if_there("selftests");
  kernel.options = options;
  kernel.image_bytes = fs::file_size(kernel.image, ignored);
  kernel.build_seconds = build_seconds;
  return kernel;
}

}  // namespace diglab
