// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "kernel/kernel_build.h"
#include "kernel/kernel_image.h"
#include "kernel/kernel_manifest.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuildPrefix = ".build-";

/// A linked tree, objects of a debug configuration, and the tarball's content when that is still to come.
constexpr std::uintmax_t kBuildBytes = std::uintmax_t{800} << 20;
constexpr std::uintmax_t kUnpackedBytes = std::uintmax_t{1900} << 20;

Result<std::string> first_line(Processes& processes, std::initializer_list<std::string> words, const Deadline& deadline) {
  ProcessOutcome outcome = TRY(processes.check(Command(words), {.deadline = deadline, .input = {}, .on_line = {}}));
  return outcome.out.substr(0, outcome.out.find('\n'));
}

Result<KernelConfig> merged(const std::vector<fs::path>& files) {
  KernelConfig config;
  for (const fs::path& file : files) config.merge(TRY(KernelConfig::parse(TRY(read_file(file, 1 << 22)), file.string())));
  return config;
}

/// The key that modules are signed with when the request names none.
Result<fs::path> own_module_key(const fs::path& kernels, Processes& processes, const Deadline& deadline) {
  fs::path key = kernels / "module-key.pem";
  FileLock lock = TRY(FileLock::acquire(kernels / "locks" / "module-key", deadline));
  std::error_code ignored;
  if (fs::exists(key, ignored)) return key;
  ProcessOutcome made = TRY(processes.check({"openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "36500", "-subj",
                                             "/CN=diglab kernel modules/", "-keyout", "-", "-out", "-"},
                                            {.deadline = deadline, .input = {}, .on_line = {}}));
  TRY_VOID(write_file(key, made.out));
  return key;
}

Result<std::string> read_key(const fs::path& path, std::string_view what, std::initializer_list<std::string_view> holds) {
  auto text = read_file(path, 1 << 20);
  if (!text) return fail(ErrorKind::bad_input, fmt::format("{}: {}", what, text.error().message()));
  for (std::string_view block : holds)
    if (text->find(fmt::format("{}-----", block)) == std::string::npos)
      return fail(ErrorKind::bad_input, fmt::format("{} {}: expected PEM with a {}, found none", what, path.string(), block));
  return *std::move(text);
}

/// A finished kernel's directory, checked. Empty if there is none; `damage` says what is wrong with one that is not usable.
std::optional<BuiltKernel> open_cached(const fs::path& directory, std::string& damage) {
  std::error_code ignored;
  if (!fs::exists(directory, ignored)) return std::nullopt;
  auto manifest = KernelManifest::read(directory);
  damage = manifest ? manifest->damage(directory) : manifest.error().to_string();
  if (!damage.empty()) return std::nullopt;
  BuiltKernel kernel = manifest->kernel_in(directory);
  kernel.from_cache = true;
  return kernel;
}

/// Removes what killed builds left behind: those whose lock nobody holds.
Result<void> sweep(const fs::path& kernels) {
  std::error_code error;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(kernels, error))
    if (entry.path().filename().string().starts_with(kBuildPrefix)) left.push_back(entry.path());
  for (const fs::path& directory : left) {
    const std::string id = directory.filename().string().substr(kBuildPrefix.size());
    if (auto lock = TRY(FileLock::try_acquire(kernels / "locks" / id))) TRY_VOID(remove_tree(directory));
  }
  return {};
}

/// Removes a directory when the scope ends, however it ends.
struct RemoveAtEnd {
  fs::path directory;
  explicit RemoveAtEnd(fs::path what) : directory(std::move(what)) {}
  RemoveAtEnd(const RemoveAtEnd&) = delete;
  RemoveAtEnd& operator=(const RemoveAtEnd&) = delete;
  ~RemoveAtEnd() { (void)remove_tree(directory); }
};

}  // namespace

KernelStore::KernelStore(const fs::path& cache, Processes& processes, const fs::path& patches, fs::path debian_tarball)
    : cache_(fs::absolute(cache)), processes_(processes), patches_(fs::absolute(patches)), debian_tarball_(std::move(debian_tarball)) {}

Result<BuildPlan> KernelStore::plan(const KernelRequest& request, SourceTrees& trees, const Deadline& deadline) {
  BuildPlan plan;
  plan.source = TRY(trees.identify(request.source, deadline));
  plan.flavour = TRY(read_flavour(patches_, plan.source.version, request.flavour));
  plan.asked = TRY(merged(plan.flavour.fragments));
  plan.must = TRY(merged(plan.flavour.must));
  plan.asked.set("CONFIG_LOCALVERSION", fmt::format("\"-diglab-{}\"", request.flavour));
  plan.trusted_keys = request.trusted_keys_pem;
  plan.module_key = request.module_key_pem.empty() ? TRY(own_module_key(cache_ / "kernels", processes_, deadline)) : request.module_key_pem;
  for (const fs::path& patch : request.more_patches) plan.flavour.patches.push_back({.path = patch, .name = patch.filename().string()});
  if (plan.asked.value("CONFIG_PGP_PRELOAD_PUBLIC_KEYS") == "y") plan.pgp_keys = request.pgp_keys;
  plan.jobs = request.jobs > 0 ? request.jobs : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));

  std::string inputs = fmt::format("diglab kernel, form 2\nsource {}\n", plan.source.identity);
  for (const Patch& patch : plan.flavour.patches) inputs += fmt::format("patch {}\n", TRY(sha256_of_file(patch.path)));
  inputs += fmt::format("unless {}\n", plan.flavour.unless);
  if (plan.trusted_keys.empty())
    plan.asked.set("CONFIG_SYSTEM_TRUSTED_KEYS", "\"\"");
  else
    inputs += "trusted " + sha256_of(TRY(read_key(plan.trusted_keys, "trusted keys", {"CERTIFICATE"}))) + "\n";
  inputs += "module key " + sha256_of(TRY(read_key(plan.module_key, "module signing key", {"PRIVATE KEY", "CERTIFICATE"}))) + "\n";
  if (!plan.pgp_keys.empty()) inputs += "PGP keys " + TRY(sha256_of_file(plan.pgp_keys), "PGP keys") + "\n";
  for (const std::string& selftest : plan.flavour.selftests) inputs += fmt::format("selftest {}\n", selftest);
  inputs += "config\n" + plan.asked.to_text() + "must\n" + plan.must.to_text();
  inputs += TRY(first_line(processes_, {"gcc", "--version"}, deadline)) + "\n" + TRY(first_line(processes_, {"ld", "--version"}, deadline)) + "\n";
  plan.id = sha256_of(inputs).substr(0, 24);
  return plan;
}

Result<std::optional<BuiltKernel>> KernelStore::find(const KernelRequest& request, const Deadline& deadline) {
  std::string damage;
  if (const auto* image = std::get_if<ImageSource>(&request.source))
    return open_cached(cache_ / "kernels" / TRY(kernel_image_id(image->path)), damage);
  SourceTrees trees(cache_, processes_, debian_tarball_);
  return open_cached(cache_ / "kernels" / TRY(plan(request, trees, deadline)).id, damage);
}

Result<BuiltKernel> KernelStore::provide(const KernelRequest& request, const KernelProgress& progress, const Deadline& deadline) {
  SourceTrees trees(cache_, processes_, debian_tarball_);
  const fs::path kernels = cache_ / "kernels";
  std::string id, damage;
  std::optional<BuildPlan> planned;
  if (const auto* image = std::get_if<ImageSource>(&request.source)) {
    id = TRY(kernel_image_id(image->path));
  } else {
    planned = TRY(plan(request, trees, deadline), fmt::format("kernel {} as '{}'", to_string(request.source), request.flavour));
    id = planned->id;
  }
  if (auto cached = open_cached(kernels / id, damage)) return *cached;

  auto lock = TRY(FileLock::try_acquire(kernels / "locks" / id));
  if (!lock) {
    progress(std::nullopt, "waiting for another run that builds this kernel");
    lock = std::make_unique<FileLock>(TRY(FileLock::acquire(kernels / "locks" / id, deadline)));
  }
  // Under the lock the cache may look different: built meanwhile, or what was damaged is whole again.
  damage.clear();
  if (auto cached = open_cached(kernels / id, damage)) return *cached;
  if (!damage.empty()) TRY_VOID(remove_tree(kernels / id));
  TRY_VOID(sweep(kernels));

  const fs::path directory = kernels / (std::string(kBuildPrefix) + id);
  TRY_VOID(remove_tree(directory));
  RemoveAtEnd cleanup(directory);
  fs::path out;
  if (planned) {
    const std::uintmax_t needed = kBuildBytes + (trees.must_unpack(planned->source) ? kUnpackedBytes : 0);
    if (const std::uintmax_t free = TRY(free_space(kernels)); free < needed)
      return fail(ErrorKind::infra, fmt::format("{}: building a kernel needs {} MB, and {} MB are free", kernels.string(), needed >> 20, free >> 20));
    KernelBuild build(processes_, trees, *planned, directory, kernels / "logs" / (id + ".log"), cache_ / "ccache");
    out = TRY(build.run(progress, deadline));
  } else {
    out = TRY(import_kernel_image(std::get<ImageSource>(request.source).path, id, directory / "out"));
  }
  TRY_VOID(publish_directory(out, kernels / id));

  const std::string was_damaged = damage;
  auto built = open_cached(kernels / id, damage);
  if (!built) return fail(ErrorKind::infra, fmt::format("the kernel just put into the cache is damaged: {}", damage));
  built->from_cache = false;
  if (!was_damaged.empty()) built->warning = fmt::format("a damaged kernel in the cache was replaced: {}", was_damaged);
  return *built;
}

Result<std::vector<BuiltKernel>> KernelStore::list() const {
  std::vector<BuiltKernel> kernels;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_ / "kernels", error)) {
    std::error_code ignored;
    if (!fs::exists(entry.path() / "manifest.json", ignored)) continue;
    auto manifest = KernelManifest::read(entry.path());
    if (!manifest) continue;  // Damaged: provide() will say so and replace it when it is wanted.
    kernels.push_back(manifest->kernel_in(entry.path()));
    kernels.back().from_cache = true;
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", (cache_ / "kernels").string(), error.message()));
  std::ranges::sort(kernels, {}, &BuiltKernel::id);
  return kernels;
}

Result<void> KernelStore::remove(std::string_view id) {
  std::vector<fs::path> matching;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_ / "kernels", error)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (!id.empty() && name.starts_with(id) && name.front() != '.' && fs::exists(entry.path() / "bzImage", ignored)) matching.push_back(entry.path());
  }
  if (matching.size() != 1)
    return fail(ErrorKind::usage, fmt::format("{} kernels in the cache have an id that begins with '{}'", matching.empty() ? "no" : "several", id));
  auto lock = TRY(FileLock::try_acquire(cache_ / "kernels/locks" / matching.front().filename()));
  if (!lock) return fail(ErrorKind::infra, fmt::format("kernel {} is being built by another run", matching.front().filename().string()));
  // First out of sight, in one step: nobody may find half a kernel.
  const fs::path doomed = cache_ / "kernels" / (std::string(kBuildPrefix) + matching.front().filename().string());
  TRY_VOID(remove_tree(doomed));
  fs::rename(matching.front(), doomed, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot remove: {}", matching.front().string(), error.message()));
  return remove_tree(doomed);
}

Result<std::vector<std::string>> KernelStore::flavours() const {
  return list_flavours(patches_, "6.12");
}

}  // namespace diglab
