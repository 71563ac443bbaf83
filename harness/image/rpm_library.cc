// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/rpm_library.h"

#include <fmt/format.h>

#include <sstream>

#include "image/apt.h"
#include "image/deb_unpack.h"
#include "os/files.h"

namespace diglab {

namespace fs = std::filesystem;

Result<RpmLibrary> provide_rpm_library(const fs::path& cache, const std::string& suite, Processes& processes, const Deadline& deadline) {
  auto archive = TRY(AptArchive::open(cache, suite, processes, deadline));
  auto debs = TRY(archive.resolve({"librpm-dev"}, {}, false, deadline));
  // What librpm itself needs is left to the linker of the guest.
  std::erase_if(debs, [](const DebianPackage& deb) { return !deb.name.starts_with("librpm"); });
  std::string content;
  for (const auto& deb : debs) content += deb.sha256 + "\n";
  const auto place = cache / "apt" / suite / fmt::format("librpm-{}", sha256_of(content).substr(0, 16));
  const auto libraries = place / "usr/lib/x86_64-linux-gnu";
  if (!fs::exists(place)) {
    TRY_VOID(archive.fetch(debs, deadline));
    auto making = TRY(TempDir::make(place.parent_path(), "librpm-unfinished"));
    for (const auto& deb : debs) (void)TRY(unpack_deb(archive.downloads() / deb.file, making.path()));
    TRY_VOID(publish_directory(making.release(), place));
  }
  std::istringstream package(TRY(read_file(libraries / "pkgconfig/rpm.pc")));
  fs::path plugins = rpm_plugins_4_18;
  for (std::string line; std::getline(package, line);)
    if (constexpr std::string_view key = "rpmplugindir="; line.starts_with(key)) plugins = line.substr(key.size());
  return RpmLibrary{.headers = place / "usr/include", .librpm = libraries / "librpm.so", .librpmio = libraries / "librpmio.so", .plugins = plugins};
}

}  // namespace diglab
