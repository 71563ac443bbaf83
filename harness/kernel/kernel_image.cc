// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "kernel/kernel_manifest.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestImage = std::size_t{512} << 20;

Result<std::string> read_image(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return fail(ErrorKind::bad_input, fmt::format("{}: no such kernel image", path.string()));
  if (!fs::is_regular_file(path, ignored)) return fail(ErrorKind::bad_input, fmt::format("{}: not a regular file, expected a bzImage", path.string()));
  auto content = read_file(path, kLargestImage);
  if (!content) return fail(ErrorKind::bad_input, content.error().to_string());
  return *std::move(content);
}

}  // namespace

// The offsets are those of the x86 boot protocol (Documentation/arch/x86/boot.rst).
Result<std::string> release_of_bzimage(ByteView image) {
  constexpr std::size_t header_end = 0x268;
  if (image.size() < header_end) return fail(ErrorKind::bad_input, fmt::format("no bzImage: its header alone is larger than these {} bytes", image.size()));
  auto at = [&](std::size_t offset) { return ByteReader(image.subspan(std::min(offset, image.size()))); };
  const std::uint16_t boot_flag = TRY(at(0x1fe).le16("boot flag"));
  const std::uint32_t magic = TRY(at(0x202).le32("header magic"));
  if (boot_flag != 0xaa55 || magic != 0x53726448)
    return fail(ErrorKind::bad_input, "no bzImage: the boot flag 0xaa55 at 0x1fe or the magic 'HdrS' at 0x202 is missing");
  const std::size_t version_at = std::size_t{TRY(at(0x20e).le16("version pointer"))} + 0x200;
  if (version_at == 0x200 || version_at >= image.size()) return fail(ErrorKind::bad_input, "no bzImage: its version pointer leads out of the file");
  std::string_view text = text_of(image.subspan(version_at, std::min<std::size_t>(256, image.size() - version_at)));
  text = text.substr(0, std::min(text.find(' '), text.find('\0')));
  if (text.empty()) return fail(ErrorKind::bad_input, "no bzImage: it states no version");
  return std::string(text);
}

Result<std::string> kernel_image_id(const fs::path& image) {
  const std::string content = TRY(read_image(image));
  return "image-" + sha256_of(content).substr(0, 24);
}

Result<fs::path> import_kernel_image(const fs::path& image, const std::string& id, const fs::path& out) {
  const std::string content = TRY(read_image(image));
  auto release = release_of_bzimage(view_of(content));
  if (!release) return fail(std::move(release).error().within(image.string()));
  if (id != "image-" + sha256_of(content).substr(0, 24)) return fail(ErrorKind::bad_input, fmt::format("{}: changed while it was being read; try again", image.string()));
  TRY_VOID(write_file(out / "bzImage", content));
  const KernelManifest manifest{.id = id, .flavour = {}, .source = "image:" + image.string(), .release = *release, .options = 0, .build_seconds = 0, .files = {}};
  TRY_VOID(manifest.write(out));
  return out;
}

}  // namespace diglab
