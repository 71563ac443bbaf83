// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/rpm_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "image/gpg_home.h"
#include "image/rpm_tools.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// To be raised when the same recipe should give other bytes than before.
constexpr int format_version = 2;

Result<void> move_into(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::remove_all(to, error);
  fs::create_directories(to.parent_path(), error);
  fs::rename(from, to, error);
  if (error && !fs::exists(to)) return fail(ErrorKind::infra, fmt::format("cannot put {} into the cache: {}", to.string(), error.message()));
  return {};
}

}  // namespace

Result<std::optional<BuiltRpm>> find_built_rpm(const fs::path& place) {
  std::error_code error;
  std::optional<BuiltRpm> found;
  for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".rpm") found = BuiltRpm{it->path(), {}};
  }
  if (!found || !fs::exists(place / "sha256")) return std::optional<BuiltRpm>{};
  found->sha256 = TRY(read_file(place / "sha256"));
  if (TRY(sha256_of_file(found->file)) != found->sha256) return std::optional<BuiltRpm>{};
  return found;
}

fs::path RpmBuilder::place_of(const RpmRecipe& recipe, const Signer& signer) const {
  return cache_ / "rpms" / sha256_of(fmt::format("{}\n{}\n{}", format_version, signer.fingerprint, recipe.content)).substr(0, 32);
}

Result<void> RpmBuilder::build_one(const RpmRecipe& recipe, const fs::path& stage, const Deadline& deadline) {
  const auto work = TRY(TempDir::make(stage.parent_path(), "work"));
  const auto root = work.path() / "root";
  TRY_VOID(make_directories(root));
  TRY_VOID(make_directories(stage));
  const auto package = TRY(recipe.lay_out(root));
  const auto spec = work.path() / "package.spec";
  TRY_VOID(write_file(spec, spec_of(package)));
  auto command = rpm_tool({"rpmbuild", "-bb", "--quiet", "--target", package.architecture, "--buildroot", root.string(), "--define",
                           fmt::format("_topdir {}", work.path().string()), "--define", fmt::format("_builddir {}", work.path().string()),
                           "--define", fmt::format("_rpmdir {}", stage.string()), "--define",
                           "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm", spec.string()}, work.path());
  TRY_VOID(write_rpm_macros(work.path(), {}));
  (void)TRY(processes_.check(command, {.deadline = deadline, .input = {}, .on_line = {}}));
  return {};
}

Result<void> RpmBuilder::sign(const std::vector<fs::path>& stages, const Signer& signer, const Deadline& deadline) {
  std::vector<std::string> files;
  for (const auto& stage : stages) {
    for (const auto& item : fs::directory_iterator(stage)) {
      if (item.path().extension() == ".rpm") files.push_back(item.path());
    }
  }
  if (files.empty()) return {};
  auto home = TRY(GpgHome::borrow(signer.gpg_home, processes_));
  TRY_VOID(write_rpm_macros(home.path(), {{"_gpg_name", signer.fingerprint}, {"_gpg_path", home.path().string()}}));
  auto command = rpm_tool({"rpmsign", "--addsign"}, home.path());
  for (auto& file : files) command.add(std::move(file));
  (void)TRY(processes_.check(command, {.deadline = deadline, .input = {}, .on_line = {}}), "signing packages");
  return {};
}

Result<std::vector<BuiltRpm>> RpmBuilder::build(const std::vector<RpmRecipe>& recipes,
                                                const std::function<Result<void>(const std::vector<std::size_t>&)>& missing,
                                                const ImageProgress& progress, const Deadline& deadline) {
  const Signer packages{.gpg_home = keys_.gpg_home, .fingerprint = keys_.rpm_fingerprint};
  Signer own;
  if (std::ranges::any_of(recipes, &RpmRecipe::own_key)) {
    auto key = TRY(OwnKey::provide(keys_, processes_, deadline));
    own = {.gpg_home = std::move(key.gpg_home), .fingerprint = std::move(key.fingerprint)};
  }
  const auto place = [&](std::size_t i) { return place_of(recipes[i], recipes[i].own_key ? own : packages); };
  std::vector<std::optional<BuiltRpm>> built;
  std::vector<std::size_t> todo;
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    built.push_back(TRY(find_built_rpm(place(i))));
    if (!built.back()) todo.push_back(i);
  }
  if (!todo.empty()) {
    TRY_VOID(missing(todo));
    TRY_VOID(make_directories(cache_ / "building"));
    const auto stage = TRY(TempDir::make(cache_ / "building", "rpms"));
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    std::mutex mutex;
    std::optional<Error> first_error;
    const auto work = [&] {
      for (std::size_t n = next++; n < todo.size(); n = next++) {
        const auto& recipe = recipes[todo[n]];
        auto result = build_one(recipe, stage.path() / "out" / fmt::format("{}", todo[n]), deadline);
        const std::scoped_lock lock(mutex);
        if (!result && !first_error) first_error = std::move(result).error().within(fmt::format("building the package {}", recipe.name));
        if (first_error) return;
        ++done;
        if (progress) progress(static_cast<double>(done) / static_cast<double>(todo.size()), fmt::format("package {} of {}: {}", done.load(), todo.size(), recipe.name));
      }
    };
    {
      std::vector<std::jthread> workers;
      for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) workers.emplace_back(work);
    }
    if (first_error) return fail(*std::move(first_error));
    if (progress) progress(std::nullopt, fmt::format("signing {} packages", todo.size()));
    const auto output = [&](std::size_t i) { return stage.path() / "out" / fmt::format("{}", i); };
    std::vector<fs::path> for_packages, for_own;
    for (const auto i : todo) (recipes[i].own_key ? for_own : for_packages).push_back(output(i));
    TRY_VOID(sign(for_packages, packages, deadline));
    TRY_VOID(sign(for_own, own, deadline));
    for (const auto i : todo) {
      const auto from = output(i);
      fs::path rpm;
      for (const auto& item : fs::directory_iterator(from)) rpm = item.path();
      TRY_VOID(write_file(from / "sha256", TRY(sha256_of_file(rpm))));
      TRY_VOID(move_into(from, place(i)));
      built[i] = TRY(find_built_rpm(place(i)));
      if (!built[i]) return fail(ErrorKind::infra, fmt::format("the package {} was built and is not in the cache", recipes[i].name));
    }
  }
  std::vector<BuiltRpm> result;
  for (auto& rpm : built) result.push_back(*std::move(rpm));
  return result;
}

}  // namespace diglab
