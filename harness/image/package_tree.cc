// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/package_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as the kernel

/// The regular files in the payload of an .rpm, by absolute path.
Result<std::map<std::string, std::string>> read_payload(const fs::path& rpm) {
  std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
  const auto damaged = [&] { return fail(ErrorKind::infra, fmt::format("{}: {}", rpm.string(), archive_error_string(reader.get()))); };
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_cpio(reader.get());
  if (archive_read_open_filename(reader.get(), rpm.c_str(), 1 << 18) != ARCHIVE_OK) return damaged();
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int code = 0;
  while ((code = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    std::string_view name = archive_entry_pathname(entry);
    if (name.starts_with('.')) name.remove_prefix(1);
    std::string& content = files[std::string(name)];
    char chunk[1 << 16];
    la_ssize_t count = 0;
    while ((count = archive_read_data(reader.get(), chunk, sizeof chunk)) > 0) content.append(chunk, static_cast<std::size_t>(count));
    if (count < 0) return damaged();
  }
  if (code != ARCHIVE_EOF) return damaged();
  return files;
}

}  // namespace

std::vector<PackageTree::Place> PackageTree::way_to(std::string_view path) const {
  std::vector<Place> way;
  std::vector<fs::path> rest;  // The next component last.
  const auto go_on_with = [&](const fs::path& more) {
    const std::vector<fs::path> parts(more.begin(), more.end());
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  go_on_with(fs::path(path).relative_path());
  fs::path done = "/";
  for (int links = 0; !rest.empty();) {
    const fs::path part = std::move(rest.back());
    rest.pop_back();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done = done.parent_path();
      continue;
    }
    const auto owners = packages_.owners((done / part).string());
    const auto owner = std::ranges::find_if(owners, [](const Place& each) { return !each.file->is_ghost(); });
    if (owner == owners.end()) {
      if (rest.empty() || !packages_.has_below((done / part).string())) return {};
      done /= part;
      continue;
    }
    if (std::ranges::none_of(way, [&](const Place& each) { return each.file->path == owner->file->path; })) way.push_back(*owner);
    if (owner->file->is_link()) {
      if (++links > most_links) return {};
      const fs::path target = owner->file->link_target;
      if (target.is_absolute()) done = "/";
      go_on_with(target.relative_path());
    } else {
      done /= part;
    }
  }
  // A link whose target was walked through before is not the last of the way.
  const auto end = std::ranges::find_if(way, [&](const Place& each) { return each.file->path == done.string(); });
  if (end != way.end()) std::rotate(end, end + 1, way.end());
  return way;
}

Result<std::string> PackageTree::content_of(const Place& place) {
  auto payload = payloads_.find(place.package);
  if (payload == payloads_.end()) payload = payloads_.emplace(place.package, TRY(read_payload(place.package->file))).first;
  const auto content = payload->second.find(place.file->path);
  const bool there = content != payload->second.end();
  if (!there || (place.file->algorithm == "sha256" && sha256_of(content->second) != place.file->digest))
    return fail(ErrorKind::infra, fmt::format("{}: {} is {}", place.package->file.string(), place.file->path,
                                              there ? "not what the header says" : "in the header and not in the payload"));
  return content->second;
}

}  // namespace diglab
