// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "image/apt.h"
#include "image/disk.h"
#include "image/image_manifest.h"
#include "image/image_set.h"
#include "image/install.h"
#include "image/list_package.h"
#include "image/own_initramfs.h"
#include "image/recipes.h"
#include "image/root_access.h"
#include "os/files.h"
#include "packages/package_set.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// To be raised when the same inputs should give another disk than before.
constexpr int format_version = 1;

/// Of what an image is made from, at the end of its id.
constexpr std::size_t hash_length = 16;

std::string suffix_of(DigestLists lists) {
  return lists == DigestLists::none ? "" : fmt::format("-{}-lists", to_string(lists));
}

struct Plan {
  ImageSet set;
  std::string suite;
  std::vector<RpmRecipe> recipes;
  std::vector<std::string> names;               ///< For dnf.
  std::vector<DebianPackage> debs;              ///< The recipes' first.
  std::string id;
};

Result<void> check_own(const ImageRequest& request, const ImageSet& set) {
  for (const auto& name : set.own) {
    if (std::none_of(request.own.begin(), request.own.end(), [&](const auto& own) { return own.name == name; }))
      return fail(ErrorKind::infra, fmt::format("the set {} needs the package {}, and nobody brought it", set.name, name));
  }
  return {};
}

BuiltImage image_in(const fs::path& directory, const ImageManifest& manifest) {
  return {.id = manifest.id, .set = manifest.set, .disk = directory / "disk.img", .manifest = directory / "manifest.json",
          .packages = directory / "repository", .bytes = manifest.disk_bytes};
}

std::string initramfs_file(const std::string& maker) {
  return fmt::format("initramfs-{}.img", maker);
}

/// What a build makes beside the packages.
std::vector<std::string> files_of(const ImageSet& set) {
  std::vector<std::string> files{"disk.img"};
  for (const auto& [maker, script] : set.initramfs) files.push_back(initramfs_file(maker));
  return files;
}

Result<void> nothing_missing(const std::vector<std::size_t>&) { return {}; }

/// What packages, kernels or our own programs have changed since, nobody will ask for: after so long it goes.
constexpr auto kept_unused = std::chrono::days(14);

/// Changed when an image is asked for.
fs::path last_use_of(const fs::path& image) {
  return image / "verified";
}

/// Removes the images of a name that have other content than `current` and were not asked for in a long time. Under the lock of builds,
/// so that nobody asks for one now.
Result<void> remove_unused(const fs::path& current) {
  const std::string id = current.filename().string();
  const auto name = id.substr(0, id.size() - hash_length);
  std::vector<fs::path> unused;
  std::error_code error;
  for (fs::directory_iterator it(current.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string other = it->path().filename().string();
    if (other == id || other.size() != id.size() || !other.starts_with(name)) continue;
    std::error_code unknown;
    const auto used = fs::last_write_time(last_use_of(it->path()), unknown);
    if (!unknown && used + kept_unused < fs::file_time_type::clock::now()) unused.push_back(it->path());
  }
  for (const auto& image : unused) TRY_VOID(remove_tree(image));
  return {};
}

/// An image of the cache, if it is there and as it was built.
Result<std::optional<BuiltImage>> find_image(const fs::path& directory) {
  const auto text = read_file(directory / "manifest.json", std::size_t{64} << 20);
  if (!text) return std::optional<BuiltImage>{};
  const auto manifest = parse_image_manifest(*text);
  if (!manifest) return std::optional<BuiltImage>{};
  auto image = image_in(directory, *manifest);
  if (!TRY(are_intact(directory, manifest->files, last_use_of(directory)))) return std::optional<BuiltImage>{};
  std::error_code ignored;
  fs::last_write_time(last_use_of(directory), fs::file_time_type::clock::now(), ignored);
  return image;
}

Result<std::string> manifest_of(const Plan& plan, const ImageRequest& request, const LabKeys& keys, const fs::path& work, const std::vector<BuiltRpm>& rpms) {
  std::map<std::string, std::string> digests_of_files;
  for (const auto& name : files_of(plan.set)) digests_of_files[name] = TRY(sha256_of_file(work / name));
  ImageManifest manifest{.id = plan.id, .set = plan.set.name, .suite = plan.suite, .ima_signatures = request.ima_signatures, .keys = keys.id,
                         .rpm_fingerprint = keys.rpm_fingerprint, .files = std::move(digests_of_files),
                         .disk_bytes = plan.set.disk_mib << 20, .packages = {}};
  std::vector<fs::path> files;
  for (const auto& rpm : rpms) files.push_back(rpm.file);
  const auto ours = TRY(PackageSet::from_files(files));
  std::map<std::string, std::string> digests;
  for (std::size_t i = 0; i < rpms.size(); ++i) digests[ours.packages()[i].nevra()] = rpms[i].sha256;
  const auto installed = TRY(PackageSet::from_database(work / "root"));
  for (const auto& package : installed.packages()) manifest.packages.push_back({package.nevra(), digests[package.nevra()]});
  return to_json(manifest);
}

/// A package of packages, for a guest to install.
Result<OwnPackage> carried_packages(const ImageSet& set, const fs::path& sets, const fs::path& staging, RpmBuilder& builder, const ImageProgress& progress,
                                    const Deadline& deadline) {
  std::vector<RpmRecipe> recipes;
  std::vector<std::string> names;
  for (const auto& tree : set.carries) {
    for (const auto& package : copies_of(TRY(load_tree_package(sets / tree)))) {
      names.push_back(package.description.file_name());
      recipes.push_back(TRY(recipe_for(package)));
    }
  }
  const auto built = TRY(builder.build(recipes, nothing_missing, progress, deadline));
  const auto place = staging / "usr/share/diglab/packages";
  TRY_VOID(make_directories(place));
  std::error_code error;
  for (std::size_t i = 0; i < built.size() && !error; ++i) fs::copy_file(built[i].file, place / names[i], error);
  if (error) return fail(ErrorKind::infra, fmt::format("cannot copy packages to {}: {}", place.string(), error.message()));
  return OwnPackage{.name = "diglab-carried-packages", .version = "1.0-1", .tree = staging, .requires_names = {}};
}

}  // namespace

Result<fs::path> BuiltImage::initramfs(const std::string& maker) const {
  auto file = disk.parent_path() / initramfs_file(maker);
  if (!fs::exists(file)) return fail(ErrorKind::bad_input, fmt::format("the image '{}' has no initramfs made by '{}'", set, maker));
  return file;
}

Result<BuiltImage> ImageStore::provide(const ImageRequest& request, const ImageProgress& progress, const Deadline& deadline) {
  const auto say = [&](std::string_view what) { if (progress) progress(std::nullopt, what); };
  if (request.set.empty() || request.set.find('/') != std::string::npos || !fs::exists(sets_ / "sets" / (request.set + ".yaml")))
    return fail(ErrorKind::bad_input, fmt::format("there is no package set '{}' in {}", request.set, (sets_ / "sets").string()));
  Plan plan{.set = TRY(load_image_set(sets_ / "sets" / (request.set + ".yaml"))), .suite = request.suite, .recipes = {}, .names = {}, .debs = {}, .id = {}};
  TRY_VOID(check_own(request, plan.set));

  TRY_VOID(make_directories(cache_));
  auto free_lock = TRY(FileLock::try_acquire(cache_ / "image.lock"));
  if (!free_lock) {
    say("waiting for another diglab that builds an image in this cache");
    free_lock = std::make_unique<FileLock>(TRY(FileLock::acquire(cache_ / "image.lock", deadline)));
  }
  // Under the lock nobody builds: what is there was left behind by a build that was killed.
  if (fs::exists(cache_ / "building")) remove_as_root(cache_ / "building", processes_);

  const auto keys = TRY(LabKeys::provide(cache_, processes_, deadline));
  std::optional<AptArchive> archive;
  std::string question = fmt::format("{}\n{}\n{}\n{}\n", format_version, keys.id, plan.set.disk_mib, request.ima_signatures);
  if (request.repository) {
    plan.names = request.repository->packages.empty() ? plan.set.packages : request.repository->packages;
    question += fmt::format("{}\n{}\n{}\n", request.repository->url, TRY(repository_state(*request.repository, processes_, deadline)),
                            TRY(sha256_of_file(request.repository->key), "the repository's key"));
  } else {
    archive = TRY(AptArchive::open(cache_, request.suite, processes_, deadline));
    plan.suite = archive->suite();
    say("resolving packages");
    plan.debs = TRY(archive->resolve(plan.set.packages, plan.set.left_out, request.refresh, deadline));
    plan.names = plan.set.packages;
    for (const auto& deb : plan.debs) plan.recipes.push_back(recipe_for(deb, archive->downloads()));
    for (const auto& tree : plan.set.trees) plan.recipes.push_back(TRY(recipe_for(TRY(load_tree_package(sets_ / tree)))));
    plan.recipes.push_back(stand_in_recipe(plan.set));
  }
  plan.recipes.push_back(TRY(keys_recipe(keys)));
  if (plan.set.signing_key) plan.recipes.push_back(TRY(signing_key_recipe(keys)));
  for (const auto& own : request.own)
    if (own.everywhere || std::ranges::find(plan.set.own, own.name) != plan.set.own.end()) plan.recipes.push_back(TRY(recipe_for(own)));
  RpmBuilder builder(cache_, keys, processes_);
  std::optional<TempDir> carried;
  if (!plan.set.carries.empty()) {
    carried = TRY(TempDir::make(cache_ / "building", "carried"));
    plan.recipes.push_back(TRY(recipe_for(TRY(carried_packages(plan.set, sets_, carried->path(), builder, progress, deadline)))));
  }
  for (std::size_t i = plan.debs.size(); i < plan.recipes.size(); ++i) plan.names.push_back(plan.recipes[i].name);
  for (const auto& recipe : plan.recipes) question += sha256_of(recipe.content) + "\n";
  for (const auto& name : plan.names) question += name + "\n";
  question += suffix_of(request.digest_lists);
  for (const auto& [maker, script] : plan.set.initramfs) question += fmt::format("\n{}\n{}", maker, script);
  plan.id = fmt::format("{}{}{}{}-{}", plan.set.name, request.suite.empty() ? "" : "-" + request.suite, request.ima_signatures ? "-signed" : "", suffix_of(request.digest_lists), sha256_of(question).substr(0, hash_length));

  const auto place = cache_ / "images" / plan.id;
  if (auto found = TRY(find_image(place)); found) {
    found->from_cache = true;
    return *found;
  }
  if (fs::exists(place)) {
    say(fmt::format("{} in the cache is damaged: building it again", plan.id));
    TRY_VOID(remove_tree(place));
  }
  const auto needed = std::uintmax_t{1} << 30;
  if (const auto free = TRY(free_space(cache_)); free < needed)
    return fail(ErrorKind::infra, fmt::format("building an image needs {} MiB free in {}, there are {}", needed >> 20, cache_.string(), free >> 20));

  auto rpms = TRY(builder.build(plan.recipes, [&](const std::vector<std::size_t>& missing) -> Result<void> {
    std::vector<DebianPackage> wanted;
    for (const auto i : missing) {
      if (i < plan.debs.size()) wanted.push_back(plan.debs[i]);
    }
    say(fmt::format("fetching {} packages", wanted.size()));
    return wanted.empty() ? Result<void>{} : archive->fetch(wanted, deadline);
  }, progress, deadline));

  const auto work = TRY(TempDir::make(cache_ / "building", "image"));
  // The tree may belong to users of a namespace, which TempDir's own removal cannot touch.
  struct Cleaner {
    fs::path path;
    Processes& processes;
    ~Cleaner() { remove_as_root(path, processes); }
  } cleaner{work.path() / "root", processes_};
  say(fmt::format("installing {} packages", plan.names.size()));
  TRY_VOID(install_packages({.rpms = rpms, .names = plan.names, .repository = request.repository}, keys, work.path(), processes_, deadline));
  if (request.digest_lists != DigestLists::none) {
    say("making digest lists");
    const auto lists = TRY(TempDir::make(cache_ / "building", "lists"));
    const auto package = TRY(list_package(TRY(PackageSet::from_database(work.path() / "root")), request.digest_lists, keys, lists.path(), processes_, deadline));
    const auto more = TRY(builder.build({TRY(recipe_for(package))}, nothing_missing, progress, deadline));
    rpms.insert(rpms.end(), more.begin(), more.end());
    TRY_VOID(add_package(more.front(), work.path(), processes_, deadline));
  }
  say("checking the installed system");
  TRY_VOID(check_installation(work.path(), !request.repository, processes_, deadline));
  for (const auto& [maker, script] : plan.set.initramfs) {
    say(fmt::format("making an initramfs by {}", maker));
    TRY_VOID(make_own_initramfs(work.path() / "root", script, work.path() / initramfs_file(maker), processes_, deadline), maker);
  }
  say("making the disk");
  TRY_VOID(make_disk({.root = work.path() / "root", .work = work.path(), .disk = work.path() / "disk.img", .mib = plan.set.disk_mib,
                      .ima_key = request.ima_signatures ? std::optional(keys.ima_key) : std::nullopt}, processes_, deadline));

  const auto result = work.path() / "result";
  TRY_VOID(make_directories(result));
  TRY_VOID(write_file(result / "manifest.json", TRY(manifest_of(plan, request, keys, work.path(), rpms))));
  std::error_code error;
  fs::rename(work.path() / "repository", result / "repository", error);
  for (const auto& name : files_of(plan.set))
    if (!error) fs::rename(work.path() / name, result / name, error);
  if (!error) fs::permissions(result / "disk.img", fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read, error);
  if (error) return fail(ErrorKind::infra, fmt::format("cannot finish the image: {}", error.message()));
  TRY_VOID(publish_directory(result, place));
  auto built = TRY(find_image(place));
  if (!built) return fail(ErrorKind::infra, fmt::format("{} was built and is not in the cache", place.string()));
  TRY_VOID(remove_unused(place), "an image that was not used for long");
  return *built;
}

Result<std::vector<BuiltImage>> ImageStore::list() const {
  std::vector<BuiltImage> images;
  std::error_code error;
  for (fs::directory_iterator it(cache_ / "images", error), end; !error && it != end; it.increment(error)) {
    const auto text = read_file(it->path() / "manifest.json", std::size_t{64} << 20);
    const auto manifest = text ? parse_image_manifest(*text) : Result<ImageManifest>(fail(ErrorKind::infra, "no manifest"));
    if (!manifest) continue;  // Not an image; provide() builds it again when asked for.
    images.push_back(image_in(it->path(), *manifest));
    images.back().from_cache = true;
  }
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return images;
}

Result<void> ImageStore::remove(std::string_view id) {
  if (id.empty() || id.find('/') != std::string_view::npos || id.starts_with(".") || !fs::exists(cache_ / "images" / id))
    return fail(ErrorKind::bad_input, fmt::format("there is no image '{}' in the cache", id));
  return remove_tree(cache_ / "images" / id);
}

}  // namespace diglab
