// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_build.h"

#include <fmt/format.h>

#include <chrono>

#include "kernel/build_output.h"
#include "kernel/kernel_manifest.h"
#include "kernel/patch_series.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

// What .incbin brings, the compressed kernel or the keys, is in no dependency file: ccache would take the object of
// another kernel for this one's. (A "-" for standard input, as Kconfig's tests of the compiler have it, is no file.)
constexpr std::string_view kCachedCompiler = R"(# gcc by way of ccache, but for sources with .incbin
for source; do :; done
if [ -f "$source" ] && grep -q '\.incbin' "$source"; then exec gcc "$@"; fi
exec ccache gcc "$@"
)";

Result<void> copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot copy to {}: {}", from.string(), to.string(), error.message()));
  return {};
}

}  // namespace

KernelBuild::KernelBuild(Processes& processes, SourceTrees& trees, const BuildPlan& plan, fs::path directory, fs::path log, fs::path ccache_directory)
    : processes_(processes),
      trees_(trees),
      plan_(plan),
      directory_(std::move(directory)),
      tree_(directory_ / "tree"),
      // Below the tree, Kbuild calls the tree "..": no command names the directory of this build, and ccache
      // recognises what another build has compiled.
      objects_(tree_ / "obj"),
      log_(std::move(log)),
      ccache_directory_(std::move(ccache_directory)) {}

Result<fs::path> KernelBuild::run(const KernelProgress& progress, const Deadline& deadline) {
  const auto start = std::chrono::steady_clock::now();
  TRY_VOID(make_directories(log_.parent_path()));
  log_file_.open(log_, std::ios::trunc);
  // Unpacking, where it is needed, takes about a twentieth of the time.
  const double before = trees_.must_unpack(plan_.source) ? 0.05 : 0.0;
  TRY_VOID(prepare_tree([&](std::optional<double> fraction, std::string_view what) {
    progress(fraction ? std::optional(*fraction * before) : std::nullopt, what);
  }, deadline));
  progress(before, "configuring the kernel");
  TRY_VOID(configure(deadline));
  TRY_VOID(check_configuration("after configuring"));
  TRY_VOID(compile([&](std::optional<double> fraction, std::string_view what) {
    progress(fraction ? std::optional(before + *fraction * (1.0 - before)) : std::nullopt, what);
  }, deadline));
  TRY_VOID(build_selftests(deadline));
  TRY_VOID(collect(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), deadline));
  progress(1.0, "kernel built");
  return directory_ / "out";
}

Result<void> KernelBuild::prepare_tree(const KernelProgress& progress, const Deadline& deadline) {
  TRY_VOID(trees_.place(plan_.source, tree_, progress, deadline));
  std::error_code ignored;
  if (!plan_.flavour.unless.empty() && fs::exists(tree_ / plan_.flavour.unless, ignored)) return {};
  return apply_patches(processes_, tree_, plan_.flavour.patches, deadline);
}

Command KernelBuild::make(std::initializer_list<std::string> targets) const {
  Command command{"make", "--directory", tree_.string(), "O=" + objects_.string(), "ARCH=x86_64", "LOCALVERSION=", fmt::format("-j{}", plan_.jobs)};
  if (ccache_) command.add({"CC=sh " + (directory_ / "cached-gcc").string(), "HOSTCC=ccache gcc"});
  command.add(targets);
  // The same inputs give the same image, whoever builds, where and when; and nobody's make settings get in.
  for (auto [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"KBUILD_BUILD_TIMESTAMP", "Wed Jan  1 00:00:00 UTC 2025"}, {"KBUILD_BUILD_USER", "diglab"}, {"KBUILD_BUILD_HOST", "diglab"},
           {"KBUILD_BUILD_VERSION", "1"}, {"KBUILD_VERBOSE", "0"}, {"KBUILD_OUTPUT", ""}, {"LC_ALL", "C"}, {"TZ", "UTC"}, {"MAKEFLAGS", ""},
           {"MFLAGS", ""}, {"MAKELEVEL", "0"}, {"CROSS_COMPILE", ""}, {"KCFLAGS", ""}, {"INSTALL_MOD_STRIP", "1"}})
    command.set(name, value);
  // Headers are known from the compiler's own dependency file: a miss costs no second preprocessing.
  if (ccache_) command.set("CCACHE_DIR", ccache_directory_.string()).set("CCACHE_NOHASHDIR", "1").set("CCACHE_DEPEND", "1").set("CCACHE_MAXSIZE", "3G");
  return command;
}

ErrorKind KernelBuild::fault_of_build() const {
  const bool only_debian = std::holds_alternative<DebianSource>(plan_.source.source) && plan_.flavour.patches.empty();
  return only_debian ? ErrorKind::infra : ErrorKind::bad_input;
}

Result<ProcessOutcome> KernelBuild::run_make(const Command& command, const Deadline& deadline, const std::function<void(std::string_view)>& on_line) {
  log_file_ << "$ " << command.to_shell() << "\n";
  RunOptions options{.deadline = deadline, .input = {}, .on_line = [&](std::string_view line) {
                       log_file_ << line << "\n" << std::flush;
                       if (on_line) on_line(line);
                     }};
  ProcessOutcome outcome = TRY(processes_.run(command, options));
  if (outcome.end.succeeded()) return outcome;
  const std::string output = outcome.err + outcome.out;
  if (std::string trouble = host_trouble(output); !trouble.empty() || outcome.end.signal)
    return fail(ErrorKind::infra, fmt::format("the kernel build ended with {}: {} (log: {})", outcome.end.to_string(), trouble, log_.string()));
  return fail(fault_of_build(), fmt::format("{} does not build:\n{}\n(whole log: {})", to_string(plan_.source.source), first_errors(output), log_.string()));
}

Result<void> KernelBuild::configure(const Deadline& deadline) {
  auto found = processes_.run({"ccache", "--version"}, {.deadline = deadline, .input = {}, .on_line = {}});
  ccache_ = found && found->end.succeeded();
  if (ccache_) TRY_VOID(write_file(directory_ / "cached-gcc", kCachedCompiler));

  // These names are what fragments/ima.config refers to.
  TRY_VOID(copy_to(plan_.module_key, objects_ / "certs/diglab_module.pem"));
  if (!plan_.trusted_keys.empty()) TRY_VOID(copy_to(plan_.trusted_keys, objects_ / "certs/diglab_trusted.pem"));
  // And this is where certs/Makefile of our series looks.
  if (!plan_.pgp_keys.empty()) TRY_VOID(copy_to(plan_.pgp_keys, objects_ / "certs/pubring.gpg"));
  const fs::path asked = directory_ / "asked.config";
  TRY_VOID(write_file(asked, plan_.asked.to_text()));
  Command command = make({"allnoconfig"});
  command.set("KCONFIG_ALLCONFIG", asked.string());
  TRY_VOID(run_make(command, deadline));
  return {};
}

Result<KernelConfig> KernelBuild::check_configuration(std::string_view when) const {
  const std::string text = TRY(read_file(objects_ / ".config", 1 << 24));
  KernelConfig config = TRY(KernelConfig::parse(text, "the finished .config"));
  if (auto differences = config.differences_from(plan_.must); !differences.empty())
    return fail(fault_of_build(), fmt::format("{} as flavour '{}': options that must survive configuring did not ({}): {}", to_string(plan_.source.source),
                                              plan_.flavour.name, when, fmt::join(differences, "; ")));
  return config;
}

Result<int> KernelBuild::planned_steps(const Deadline& deadline) {
  // A dry run knows the steps once the generated headers are there. It may stumble over files that only the build
  // makes; what it has listed by then is still most of it.
  Command command = make({"--dry-run", "--keep-going", "bzImage", "modules"});
  ProcessOutcome outcome = TRY(processes_.run(command, {.deadline = deadline, .input = {}, .on_line = {}}));
  return count_planned_steps(outcome.out);
}

Result<void> KernelBuild::compile(const KernelProgress& progress, const Deadline& deadline) {
  progress(std::nullopt, "preparing the kernel build");
  TRY_VOID(run_make(make({"prepare"}), deadline));
  const int total = TRY(planned_steps(deadline));
  StepCounter steps(total);
  TRY_VOID(run_make(make({"bzImage", "modules"}), deadline, [&](std::string_view line) {
    if (auto file = steps.feed(line)) progress(steps.fraction(), fmt::format("compiling the kernel: {} of {} {}", steps.done(), total, *file));
  }));
  log_file_ << fmt::format("# {} steps, {} planned\n", steps.done(), total);
  progress(0.99, "installing modules");
  TRY_VOID(run_make(make({"modules_install", "INSTALL_MOD_PATH=" + (directory_ / "out/modules").string()}), deadline));
  return {};
}

Result<void> KernelBuild::build_selftests(const Deadline& deadline) {
  if (plan_.flavour.selftests.empty()) return {};
  TRY_VOID(run_make(make({"headers"}), deadline));
  for (const std::string& name : plan_.flavour.selftests) {
    const fs::path objects = directory_ / "selftests-build" / name;
    TRY_VOID(make_directories(objects));
    // lib.mk puts programs and scripts into INSTALL_PATH; a guest need not have the host's libraries.
    Command command = make({"install", "OUTPUT=" + objects.string(), "KHDR_INCLUDES=-isystem " + (objects_ / "usr/include").string(),
                            "INSTALL_PATH=" + (directory_ / "out/selftests" / name).string(), "LDLIBS=-static"});
    command.argv[2] = (tree_ / "tools/testing/selftests" / name).string();
    TRY_VOID(run_make(command, deadline), fmt::format("selftests {}", name));
  }
  return {};
}

Result<void> KernelBuild::collect(double seconds, const Deadline& deadline) {
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted after the kernel build");
  const fs::path out = directory_ / "out";
  const fs::path image = objects_ / "arch/x86/boot/bzImage";
  std::error_code error;
  if (!fs::is_regular_file(image, error))
    return fail(fault_of_build(), fmt::format("{}: the build succeeded and made no arch/x86/boot/bzImage (log: {})", to_string(plan_.source.source), log_.string()));
  TRY_VOID(copy_to(image, out / "bzImage"));
  TRY_VOID(copy_to(objects_ / ".config", out / "config"));
  TRY_VOID(make_directories(out / "modules"));

  KernelConfig config = TRY(check_configuration("after the build"));
  std::string release = TRY(read_file(objects_ / "include/config/kernel.release", 256));
  while (!release.empty() && release.back() == '\n') release.pop_back();
  // These links point into the build directory, which is about to go.
  for (const char* link : {"build", "source"}) fs::remove(out / "modules/lib/modules" / release / link, error);

  return KernelManifest{.id = plan_.id,
                        .flavour = plan_.flavour.name,
                        .source = to_string(plan_.source.source),
                        .release = release,
                        .options = config.enabled(),
                        .build_seconds = seconds,
                        .files = {}}
      .write(out);
}

}  // namespace diglab
