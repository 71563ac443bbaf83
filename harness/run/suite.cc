// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/suite.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <thread>

#include "image/root_access.h"
#include "judge/check_judge.h"
#include "os/files.h"
#include "run/evidence.h"
#include "run/prediction.h"
#include "run/session.h"
#include "run/steps.h"
#include "run/work_off.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes build_time = 40min;  // real time: builds do not depend on the acceleration
constexpr std::chrono::minutes host_time = 2min;

std::chrono::milliseconds since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

/// A scenario's variant with everything that its machines are made of.
struct Task {
  const Scenario* scenario;
  Variant variant;
  MachineSpec machine;
  std::map<std::string, std::string> facts;
};

/// Begin and end of a scenario whose variants run on different threads.
class ScenarioProgress {
 public:
  ScenarioProgress(EventLog& log, const std::vector<Task>& tasks) : log_(log) {
    for (const Task& task : tasks) ++states_[task.scenario->id].left;
  }
  void begin(const Scenario& scenario) {
    std::lock_guard lock(mutex_);
    State& state = states_[scenario.id];
    if (state.begun) return;
    state.begun = true;
    state.began = std::chrono::steady_clock::now();
    log_.write(event::ScenarioBegin{.scenario = scenario.id, .text = scenario.text, .file = scenario.file});
  }
  void end(const Scenario& scenario) {
    std::lock_guard lock(mutex_);
    State& state = states_[scenario.id];
    if (--state.left == 0) log_.write(event::ScenarioEnd{.scenario = scenario.id, .took = since(state.began)});
  }

 private:
  struct State {
    int left = 0;
    bool begun = false;
    std::chrono::steady_clock::time_point began;
  };
  EventLog& log_;
  std::mutex mutex_;
  std::map<ScenarioId, State> states_;
};

void write_fault(EventLog& log, const event::Where& where, const Error& error) {
  log.write(event::Fault{.where = where, .kind = std::string(to_string(error.kind())), .message = error.to_string()});
}

void run_round(Host& host, const RoundPlan& plan) {
  auto session = Session::start(host, plan);
  if (!session) {
    event::Where where{.scenario = plan.scenario.id, .variant = plan.variant.name, .round = plan.round, .boot = 1};
    plan.log.write(event::BootEnd{.where = where, .outcome = "silence", .detail = "the machine did not start", .took = {}});
    write_fault(plan.log, where, session.error());
    return;
  }
  auto& live = **session;
  auto up = live.come_up();
  if (up) {
    auto performed = perform(live, plan.variant.steps);
    if (!performed) {
      // A lost agent looks the same to every request; the machine knows what really happened.
      Error error = std::move(performed).error();
      if (auto end = live.machine().ended(); end && error.kind() != ErrorKind::interrupted)
        error = error_of(*end, live.is_up()).within(error.to_string());
      write_fault(plan.log, live.where(), error);
    } else {
      collect_boot_evidence(live);
    }
  } else if (!plan.judges_boots() || (up.error().kind() != ErrorKind::boot && up.error().kind() != ErrorKind::guest_lost)) {
    write_fault(plan.log, live.where(), up.error());
  }
  if (auto killed = live.machine().kill(); !killed) write_fault(plan.log, live.where(), killed.error());
  name_machine_evidence(live);
}

/// The one command that does it again, beside the evidence.
void write_rerun(const SuiteOptions& options, const Scenario& scenario, EventLog& log) {
  Command again{"./diglab", "run", scenario.id.str()};
  for (const std::string& word : options.rerun_options) again.add(word);
  std::string script = fmt::format("#!/bin/sh\n# From the directory of the diglab sources. The run was: {}\nexec {}\n", options.command, again.to_shell());
  auto written = write_file(options.results / scenario.id.str() / "rerun.sh", script);
  if (!written) write_fault(log, {.scenario = scenario.id, .variant = {}, .round = 0, .boot = 0}, written.error());
}

void run_task(Host& host, const Task& task, const SuiteOptions& options, TimeScale scale, const LabKeys& keys, Processes& processes, EventLog& log,
              const std::stop_token& stop) {
  auto began = std::chrono::steady_clock::now();
  write_rerun(options, *task.scenario, log);
  log.write(event::VariantBegin{.scenario = task.scenario->id, .variant = task.variant.name, .facts = task.facts});
  for (int round = 1; round <= task.variant.rounds && !stop.stop_requested(); ++round) {
    RoundPlan plan{.scenario = *task.scenario,
                   .variant = task.variant,
                   .round = round,
                   .machine = task.machine,
                   .scale = scale,
                   .results = options.results,
                   .keys = keys,
                   .processes = processes,
                   .log = log,
                   .stop = stop};
    run_round(host, plan);
  }
  log.write(event::VariantEnd{.scenario = task.scenario->id, .variant = task.variant.name, .took = since(began)});
}

std::string domain_name(const ScenarioId& scenario, const std::string& variant) {
  std::string name = scenario.str() + "-" + variant;
  for (char& c : name)
    if (c == '/') c = '-';
  return name;
}

/// Why a scenario says that it is not to be run with this acceleration; nothing if it is.
std::optional<std::string> reason_to_skip(const Scenario& scenario, const AccelerationVerdict& found) {
  if (!scenario.skip_unless || scenario.skip_unless->acceleration == to_string(found.acceleration)) return std::nullopt;
  return fmt::format("{} (needs {}, machines run with {})", scenario.skip_unless->because, scenario.skip_unless->acceleration,
                     to_string(found.acceleration));
}

/// What the checks of a variant need to know of its image, as facts.
Result<void> add_predictions(Task& task, const BuiltImage& image, Processes& processes) {
  for (const Check& check : task.variant.checks) {
    const auto* pcr = std::get_if<check::Pcr>(&check.body);
    if (!pcr || !pcr->predicted_from_image) continue;
    const auto index = static_cast<std::uint32_t>(pcr->index);
    const ImaLog log = TRY(predict_boot(image, task.variant.machine, task.machine.initrd, task.machine.cmdline, index, processes));
    const PcrBanks banks = predict_pcrs(log, index);
    const auto bank = hash_algorithm_named(pcr->bank);
    if (const Bytes* value = bank ? banks.find(*bank, index) : nullptr) task.facts[predicted_fact(*pcr)] = to_hex(*value);
  }
  return {};
}

/// Everything that the scenarios need, made before the first machine starts. Those that are skipped need nothing.
Result<std::vector<Task>> prepare(Lab& lab, const std::vector<Scenario>& scenarios, const std::stop_token& stop) {
  std::vector<Task> tasks;
  AccelerationVerdict acceleration = TRY(lab.acceleration(Deadline::in(build_time, stop)));
  for (const Scenario& scenario : scenarios) {
    if (reason_to_skip(scenario, acceleration)) continue;
    for (std::string_view name : variant_names(scenario)) {
      Task task{.scenario = &scenario, .variant = variant_of(scenario, name), .machine = {}, .facts = {}};
      const MachineWish& wish = task.variant.machine;
      BuiltKernel kernel = TRY(lab.kernel(wish, Deadline::in(build_time, stop)), scenario.id.str());
      BuiltImage image = TRY(lab.image(wish, Deadline::in(build_time, stop)), scenario.id.str());
      task.machine = machine_spec(wish, kernel, image, TRY(lab.initramfs(wish, image), scenario.id.str()), acceleration.acceleration);
      task.machine.name = domain_name(scenario.id, task.variant.name);
      task.facts = {{"kernel", kernel.release},
                    {"kernel_id", kernel.id},
                    {"kernel_source", kernel.source},
                    {"kernel_flavour", kernel.flavour},
                    {"image", image.set},
                    {"image_id", image.id},
                    {"image_manifest", image.manifest.string()},
                    {"initramfs", task.machine.initrd ? task.machine.initrd->filename().string() : "none"},
                    {"cmdline", task.machine.cmdline},
                    {"cpus", std::to_string(task.machine.cpus)},
                    {"memory_mib", std::to_string(task.machine.memory_mib)},
                    {"tpm", task.machine.tpm ? "2.0, swtpm" : "none"},
                    {"tpm_ca", "tpm-ca.pem"},
                    {"policy", task.variant.policy}};
      TRY_VOID(add_predictions(task, image, lab.processes()), scenario.id.str());
      tasks.push_back(std::move(task));
    }
  }
  return tasks;
}

std::map<std::string, std::string> describe_host(Host& host) {
  ::utsname names{};
  ::uname(&names);
  unsigned long libvirt = 0;
  ::virGetVersion(&libvirt, nullptr, nullptr);
  return {{"kernel", fmt::format("{} {}", names.sysname, names.release)},
          {"cores", std::to_string(std::thread::hardware_concurrency())},
          {"qemu", host.qemu_version()},
          {"libvirt", fmt::format("{}.{}.{}", libvirt / 1'000'000, libvirt / 1000 % 1000, libvirt % 1000)}};
}

}  // namespace

Result<std::filesystem::path> make_results_directory(const std::filesystem::path& parent, const Clock& clock) {
  TRY_VOID(make_directories(parent));
  std::string name = fmt::format("{:%Y%m%d-%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(clock.now())));
  for (int attempt = 1; attempt < 1000; ++attempt) {
    std::filesystem::path path = parent / (attempt == 1 ? name : fmt::format("{}-{}", name, attempt));
    std::error_code error;
    if (std::filesystem::create_directory(path, error)) return path;
    if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot create: {}", path.string(), error.message()));
  }
  return fail(ErrorKind::infra, fmt::format("{}: no free name for the results", parent.string()));
}

Result<void> run_suite(Lab& lab, const std::vector<Scenario>& scenarios, const SuiteOptions& options, EventLog& log,
                       const std::stop_token& stop) {
  auto began = std::chrono::steady_clock::now();
  // Who has images may need no other. Who has none would hear of what he lacks when kernels are built, minutes later.
  if (TRY(ImageStore(lab.options().cache, {}, lab.processes()).list()).empty())
    TRY_VOID(check_root_access(lab.processes(), Deadline::in(host_time, stop)));
  Host* host = TRY(lab.host(Deadline::in(host_time, stop)));
  AccelerationVerdict acceleration = TRY(lab.acceleration(Deadline::in(build_time, stop)));
  std::vector<Task> tasks = TRY(prepare(lab, scenarios, stop));
  const LabKeys keys = TRY(lab.keys(Deadline::in(build_time, stop)));
  std::string authority = lab.options().tpm_ca.empty() ? TRY(host->tpm_ca_certificates(), "the TPMs' certificate authority")
                                                       : TRY(read_file(lab.options().tpm_ca), "--tpm-ca");
  TRY_VOID(write_file(options.results / "tpm-ca.pem", authority));
  if (authority.empty())
    log.write(event::Phase{.what = fmt::format("warning: no quote can be verified without --tpm-ca: nobody vouches for the TPMs of {}", host->uri()), .fraction = {}});

  event::RunBegin begin{.run = options.results.filename().string(),
                        .version = options.version,
                        .command = options.command,
                        .options = options.rerun_options,
                        .connection = host->uri(),
                        .acceleration = std::string(to_string(acceleration.acceleration)),
                        .host = describe_host(*host),
                        .scenarios = {}};
  begin.host["acceleration"] = acceleration.reason;
  for (const Scenario& scenario : scenarios) begin.scenarios.push_back(scenario.id);
  log.write(std::move(begin));
  for (const Scenario& scenario : scenarios) {
    auto reason = reason_to_skip(scenario, acceleration);
    if (!reason) continue;
    log.write(event::ScenarioBegin{.scenario = scenario.id, .text = scenario.text, .file = scenario.file});
    log.write(event::Skipped{.scenario = scenario.id, .reason = *std::move(reason)});
  }

  ScenarioProgress progress(log, tasks);
  TimeScale scale = time_scale(acceleration.acceleration);
  work_off(
      tasks.size(), options.jobs != 0 ? options.jobs : std::thread::hardware_concurrency(),
      [&](std::size_t number) { return tasks[number].scenario->alone; }, [&] { return stop.stop_requested() || log.error(); },
      [&](std::size_t number) {
        const Task& task = tasks[number];
        progress.begin(*task.scenario);
        run_task(*host, task, options, scale, keys, lab.processes(), log, stop);
        progress.end(*task.scenario);
      });
  ::rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  log.write(event::RunEnd{.interrupted = stop.stop_requested(), .took = since(began), .peak_memory_kib = static_cast<int>(used.ru_maxrss)});
  if (auto error = log.error()) return fail(*std::move(error));
  return {};
}

}  // namespace diglab
