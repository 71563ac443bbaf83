// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/file_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "format/rpm_list.h"
#include "os/files.h"
#include "tool/count_of.h"
#include "tool/digest.h"
#include "tool/installed_lists.h"
#include "tool/list.h"
#include "tool/metadata_digest.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

bool is_immutable_file(const FileToList& file, const struct ::stat& status) {
  const fs::path path(file.path);
  const auto directory = path.parent_path().string() + "/", name = path.filename().string();
  return is_immutable({.directory = directory,
                       .name = name,
                       .digest = {},
                       .mode = static_cast<std::uint16_t>(status.st_mode),
                       .flags = 0,
                       .size = static_cast<std::uint64_t>(status.st_size)});
}

/// The digests of a list that is to be extended, by whether they are immutable.
Result<void> add_old(const fs::path& place, const FileList& list, std::set<std::string>& plain, std::set<std::string>& fixed) {
  std::error_code error;
  if (!fs::exists(place, error)) return {};
  const auto old_list = TRY(List::read(place));
  for (const Listed& old : old_list.digests()) {
    if (old.type != list.type || old.digest.algorithm->name != list.algorithm)
      return fail(ErrorKind::bad_input, fmt::format("{}: holds {} digests of type {}, which cannot be extended with others", place.string(),
                                                    old.digest.algorithm->name, to_string(old.type)));
    (old.modifiers == 0 ? plain : fixed).insert(old.digest.bytes);
  }
  return {};
}

}  // namespace

fs::path output_directory(const fs::path& wish, const Context& context) {
  return wish.empty() ? context.root("/etc/diglim") : wish;
}

Result<Put> put_list(const fs::path& place, std::string_view content) {
  std::error_code error;
  if (is_mask(place)) return Put::masked;
  if (fs::is_regular_file(fs::symlink_status(place, error)) && fs::file_size(place, error) == content.size() &&
      TRY(diglab::read_file(place)) == content)
    return Put::unchanged;
  TRY_VOID(diglab::write_file(place, content));
  return Put::written;
}

Result<void> write_file_list(const FileList& list, const std::vector<FileToList>& files, const Context& context, Report& report) {
  const Algorithm& algo = *TRY(algorithm_called(list.algorithm));
  std::set<std::string> plain, fixed;
  auto listed = nlohmann::ordered_json::array();
  for (const FileToList& each : files) {
    struct ::stat status {};
    if (::stat(each.file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0) {
      report.problems += fmt::format("{}: empty, left out: there is nothing to list\n", each.path);
      continue;
    }
    auto digest = list.type == metadata ? TRY(metadata_digest_of(each.file, algo)) : TRY(digest_of_file(each.file, algo));
    const bool is_fixed = list.immutable.value_or(is_immutable_file(each, status));
    listed.push_back({{"path", each.path}, {"digest", digest.to_string()}, {"immutable", is_fixed}});
    (is_fixed ? fixed : plain).insert(std::move(digest.bytes));
  }
  if (plain.empty() && fixed.empty()) return fail(ErrorKind::bad_input, "there is no file to put into the list");
  fs::path place;
  if (list.output != "-")
    place = output_directory(list.output, context) / TRY(list_name(list.number, to_string(list.type), "compact", list.name));
  if (list.extend && !place.empty()) TRY_VOID(add_old(place, list, plain, fixed));
  std::vector<Block> blocks;
  const auto add = [&](std::uint16_t modifiers, const std::set<std::string>& digests) {
    if (!digests.empty())
      blocks.push_back({.type = list.type, .modifiers = modifiers, .algorithm = algo.number, .digests = {digests.begin(), digests.end()}});
  };
  add(0, plain);
  add(immutable, fixed);
  const auto content = encode(blocks);
  report.json["files"] = std::move(listed);
  if (place.empty()) {
    report.text = content;
    return {};
  }
  const Put put = TRY(put_list(place, content));
  if (put == Put::masked)
    return fail(ErrorKind::bad_input,
                fmt::format("{}: is a mask, which says that there is to be no such list; remove it first", place.string()));
  report.json["list"] = place.string();
  report.json["written"] = put == Put::written;
  report.text += fmt::format("{}: {}{}; not signed yet\n", place.string(), count_of(plain.size() + fixed.size(), "digest"),
                             put == Put::written ? "" : ", unchanged");
  return {};
}

}  // namespace diglim::tool
