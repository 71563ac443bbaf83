// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "bench/bench.h"
#include "bench/bench_lab.h"
#include "guest/client.h"
#include "run/guest_files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

/// Names and figures that diglim-exercise printed as comments: "# load_seconds 0.53", "# diglim_batches 0.1 0.2".
using Figures = std::map<std::string, Samples>;

Figures figures_in(const std::string& ktap) {
  Figures figures;
  std::istringstream lines(ktap);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, name;
    if (!(words >> hash >> name) || hash != "#") continue;
    for (double figure = 0; words >> figure;) figures[name].push_back(figure);
  }
  return figures;
}

/// A running machine under a policy.
class Guest {
 public:
  Guest(const Bench& bench, std::unique_ptr<Machine> machine) : bench_(bench), machine_(std::move(machine)), agent_(machine_->agent()) {}

  Result<void> greet() {
    TRY(agent_.hello(bench_.in(60s)), machine_->console().tail(5));
    return {};
  }
  Result<void> load(const std::vector<std::string>& rules) {
    const auto loaded = TRY(agent_.load_policy(rules, bench_.in(20s)));
    if (!loaded.accepted) return fail(ErrorKind::infra, "the benchmark's policy was refused");
    return {};
  }
  Result<std::string> run(std::vector<std::string> argv) {
    GuestCommand command;
    command.argv = argv;
    const auto outcome = TRY(agent_.run(command, bench_.in(300s)));
    if (!outcome.ok()) return fail(ErrorKind::infra, fmt::format("{}: {} {}", fmt::join(argv, " "), outcome.out, outcome.err));
    return outcome.out;
  }
  Result<Figures> exercise(std::initializer_list<std::string> words) {
    std::vector<std::string> argv{std::string(guest_path::exercise)};
    argv.insert(argv.end(), words);
    return figures_in(TRY(run(std::move(argv))));
  }

 private:
  const Bench& bench_;
  std::unique_ptr<Machine> machine_;
  AgentClient agent_;
};

void append(Samples& to, const Samples& from) { to.insert(to.end(), from.begin(), from.end()); }

BenchTarget target(const BenchReport& report, const std::string& numerator, const std::string& denominator, double at_most) {
  return {.numerator = numerator, .denominator = denominator, .at_most = at_most,
          .measured = ratio_of(report.series.at(numerator), report.series.at(denominator))};
}

const std::vector<std::string> measuring_rules = {
    "measure func=CRITICAL_DATA label=diglim", "audit func=FILE_CHECK mask=MAY_READ fowner=2001",
    "measure func=FILE_CHECK mask=MAY_READ fowner=2002 pcr=11 use_diglim", "measure func=FILE_CHECK mask=MAY_READ fowner=2003",
    "audit func=BPRM_CHECK mask=MAY_EXEC fowner=2001", "measure func=BPRM_CHECK mask=MAY_EXEC fowner=2002 pcr=11 use_diglim",
    "measure func=BPRM_CHECK mask=MAY_EXEC fowner=2003"};

const std::vector<std::string> appraising_rules = {"appraise func=FILE_CHECK mask=MAY_READ fowner=2004 appraise_type=imasig",
                                                   "appraise func=FILE_CHECK mask=MAY_READ fowner=2005 use_diglim"};

}  // namespace

Result<BenchReport> bench_kernel(Lab& lab, int repetitions, const std::stop_token& stop) {
  MachineWish wish;
  wish.kernel = "diglim";
  wish.cpus = 1;
  wish.memory = 768;
  const Bench measuring = TRY(open_bench(lab, wish, stop));
  BenchReport report{.name = "kernel", .conditions = measuring.conditions(), .series = {}, .targets = {}};
  for (int i = 0; i < repetitions; ++i) {
    Guest guest(measuring, TRY(measuring.start(measuring.spec)));
    TRY_VOID(guest.greet());
    auto loading = TRY(guest.exercise({"load", fmt::format("seed={}", i + 1), "repeats=1"}));
    append(report.series["99,100 digests, read and hashed"], loading["hash_seconds"]);
    append(report.series["99,100 digests, loaded"], loading["load_seconds"]);
    append(report.series["99,100 digests, deleted"], loading["delete_seconds"]);
    report.conditions["bytes_per_digest"] = fmt::format("{:.1f}", loading["bytes_per_digest"].at(0));
    TRY_VOID(guest.load(measuring_rules));
    auto opening = TRY(guest.exercise({"access", "files=1000"}));
    for (const char* owner : {"none", "audit", "diglim", "measure"}) append(report.series[fmt::format("opened, {}", owner)], opening[fmt::format("{}_batches", owner)]);
    auto executing = TRY(guest.exercise({"access", "seed=4", "files=1000", "execute=1"}));
    for (const char* owner : {"audit", "diglim", "measure"}) append(report.series[fmt::format("executed, {}", owner)], executing[fmt::format("{}_batches", owner)]);
    auto few = TRY(guest.exercise({"access", "seed=2", "files=1000", "size=64"}));
    append(report.series["small, few digests"], few["diglim_batches"]);
    auto million = TRY(guest.exercise({"access", "seed=3", "files=1000", "size=64", "extra=1000000"}));
    append(report.series["small, a million digests"], million["diglim_batches"]);
  }
  wish.ima_signatures = true;
  wish.digest_lists = "pgp";
  wish.cmdline = {"ima_policy=appraise_diglim", "ima_appraise=enforce", "ima_template=ima-modsig"};
  const Bench appraising = TRY(open_bench(lab, wish, stop));
  for (int i = 0; i < repetitions; ++i) {
    Guest guest(appraising, TRY(appraising.start(appraising.spec)));
    TRY_VOID(guest.greet());
    TRY_VOID(guest.load(appraising_rules));
    auto opening = TRY(guest.exercise({"access", "files=1000", "size=8192", "appraise=1"}));
    append(report.series["opened, signature"], opening["signature_batches"]);
    append(report.series["opened, list"], opening["list_batches"]);
  }
  report.targets.push_back(target(report, "99,100 digests, loaded", "99,100 digests, read and hashed", 2));
  report.targets.push_back(target(report, "opened, diglim", "opened, audit", 1.03));
  report.targets.push_back(target(report, "executed, diglim", "executed, audit", 1.03));
  report.targets.push_back(target(report, "small, a million digests", "small, few digests", 1.1));
  // The published figures are 4.5 and 2.2 the other way round.
  report.targets.push_back(target(report, "opened, diglim", "opened, measure", 1 / 4.5));
  report.targets.push_back(target(report, "opened, list", "opened, signature", 1 / 2.2));
  return report;
}

}  // namespace diglab
