// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/stream_builder.h"

namespace diglab {

/// A run with every kind of verdict and of trouble, for tests of all that shows runs: two passes, a failure, a control
/// that passes too, a PCR that differs because measurements moved, a kernel panic, a lost swtpm, a skip, hostile guest
/// output, and at the end a scenario that the run did not finish.
inline StreamBuilder sample_run() {
  const std::map<std::string, std::string> facts{{"kernel", "6.12.117-diglab"},
                                                 {"kernel_id", "stock-4f2a9c"},
                                                 {"image", "minimal"},
                                                 {"image_id", "minimal-77ab01"},
                                                 {"cmdline", "root=/dev/vda rw ima_policy=tcb ima_appraise=enforce"},
                                                 {"cpus", "2"},
                                                 {"memory_mib", "384"},
                                                 {"policy", "appraise func=BPRM_CHECK appraise_type=imasig\n"}};
  auto without_policy = facts;
  without_policy["policy"] = "";

  const std::string unknown = R"(id: appraise/unknown-denied
claim: a program that no package brought is not executed
sources: [S1, S3]
policy: |
  appraise func=BPRM_CHECK appraise_type=imasig
steps:
  - {id: exec, act: {exec: /root/unknown}, expect: {error: EACCES}}
  - {id: known, run: 'id -u', expect: {status: 0, out: {equals: '0'}}}
checks:
  - {id: denied, denial: {path: /root/unknown, cause: IMA-signature-required}}
control:
  why: without the policy, the same program runs
  policy: ""
  opposite: [{check: exec, instead: {status: 0}}, denied]
)";
  auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string window =
      replaced(replaced(unknown, "appraise/unknown-denied", "appraise/window"),
               "a program that no package brought is not executed", "an upgrade never lets unknown code run");
  const std::string toothless =
      replaced(replaced(unknown, "appraise/unknown-denied", "appraise/toothless"),
               "a program that no package brought is not executed", "a claim whose control shows nothing");
  const std::string panics =
      replaced(replaced(unknown, "appraise/unknown-denied", "appraise/panics"),
               "a program that no package brought is not executed", "appraisal survives a file that vanishes");
  const std::string lost =
      replaced(replaced(unknown, "appraise/unknown-denied", "measure/lost-tpm"),
               "a program that no package brought is not executed", "measuring goes on without a TPM");
  const std::string unfinished =
      replaced(replaced(unknown, "appraise/unknown-denied", "measure/unfinished"),
               "a program that no package brought is not executed", "the last scenario of a run that was killed");
  const std::string predictable = R"(id: measure/pcr-predictable
claim: PCR 10 has the same value after every boot
sources: [S0]
rounds: 3
steps:
  - {id: work, run: 'make -j2'}
checks:
  - {id: same, pcr: {rounds: same}}
  - {id: replays, attest: log_replays}
no_control_because: its opposite is measure/pcr-varies
)";
  const std::string varies = R"(id: measure/pcr-varies
claim: without an order of measurements, PCR 10 depends on scheduling
rounds: 2
steps:
  - {id: work, run: 'make -j2'}
checks:
  - {id: differs, pcr: {rounds: differs}}
control:
  why: one CPU runs everything in one order
  machine: {cpus: 1}
  opposite: [differs]
)";

  StreamBuilder s;
  s.begin_run({"appraise/unknown-denied", "appraise/window", "appraise/toothless", "appraise/panics",
               "measure/pcr-predictable", "measure/pcr-varies", "measure/lost-tpm", "measure/needs-kvm",
               "measure/unfinished", "measure/never-began"});
  s.add(event::Phase{.what = "kernel stock", .fraction = 0.25})
      .add(event::Phase{.what = "kernel stock", .fraction = 0.75});
  s.add(event::Phase{.what = "image minimal", .fraction = {}});

  auto good_main = [&] {
    s.begin_variant("main", facts).boot();
    s.step("exec", refused("EACCES", "execve")).step("known", exited(0, "0\n"));
    s.evidence("audit", audit_record(7, "/root/unknown", "IMA-signature-required")).end_variant();
  };
  auto good_control = [&] {
    s.begin_variant("control", without_policy).boot();
    s.step("exec", exited(0, "<script>alert('from the guest')</script>\x1b[2J\n"))
        .step("known", exited(0, "0\n"))
        .evidence("audit", "")
        .end_variant();
  };

  s.begin_scenario("appraise/unknown-denied", unknown);
  good_main();
  good_control();
  s.end_scenario();

  s.begin_scenario("appraise/window", window).begin_variant("main", facts).boot();
  s.step("exec", exited(0, "", "ran although nobody signed it\n")).step("known", exited(0, "0\n"));
  s.evidence("audit", audit_record(9, "/usr/lib/x86_64-linux-gnu/libc.so.6", "invalid-hash")).end_variant();
  good_control();
  s.end_scenario();

  s.begin_scenario("appraise/toothless", toothless);
  good_main();
  s.begin_variant("control", facts).boot().step("exec", refused("EACCES", "execve")).step("known", exited(0, "0\n"));
  s.evidence("audit", audit_record(8, "/root/unknown", "IMA-signature-required")).end_variant().end_scenario();

  s.begin_scenario("appraise/panics", panics).begin_variant("main", facts);
  s.boot("agent",
         "[    0.000000] Linux version 6.12.117\r\n"
         "[    3.141592] BUG: kernel NULL pointer dereference, address: 0000000000000018\r\n"
         "[    3.141600] #PF: supervisor read access in kernel mode\r\n"
         "[    3.141700] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI\r\n"
         "[    3.141800] CPU: 1 UID: 0 PID: 212 Comm: bash Not tainted 6.12.117 #1\r\n"
         "[    3.141900] RIP: 0010:digest_lookup+0x1c/0x60\r\n"
         "[    3.142000] Call Trace:\r\n"
         "[    3.142100]  <TASK>\r\n"
         "[    3.142200]  process_measurement+0x2f1/0x8b0\r\n"
         "[    3.142300]  </TASK>\r\n"
         "[    3.142400] ---[ end trace 0000000000000000 ]---\r\n"
         "[    3.142500] Kernel panic - not syncing: Fatal exception\r\n"
         "[    3.142600] ---[ end Kernel panic - not syncing: Fatal exception ]---\r\n");
  s.begin_step("exec")
      .fault("guest_lost", "the agent closed its port: Kernel panic - not syncing: Fatal exception")
      .end_variant();
  good_control();
  s.end_scenario();

  s.begin_scenario("measure/pcr-predictable", predictable).begin_variant("main", facts);
  const std::vector<std::string> order{"/usr/sbin/init", "/usr/bin/bash",   "/lib/x86_64-linux-gnu/libc.so.6",
                                       "/usr/bin/make",  "/usr/bin/gcc",    "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
                                       "/usr/bin/as",    "/usr/bin/ld.bfd", "/usr/bin/touch"};
  auto moved = order;
  std::swap(moved[4], moved[7]);
  auto changed = order;
  changed[8] += "=other content";
  changed.emplace_back("/tmp/left over");
  for (const auto& files : {order, moved, changed}) s.boot().step("work", exited(0)).measured(files);
  s.end_variant().end_scenario();

  s.begin_scenario("measure/pcr-varies", varies).begin_variant("main", facts);
  for (const auto& files : {order, moved}) s.boot().step("work", exited(0)).measured(files);
  s.end_variant().begin_variant("control", facts);
  for (const auto& files : {order, order}) s.boot().step("work", exited(0)).measured(files);
  s.end_variant().end_scenario();

  s.begin_scenario("measure/lost-tpm", lost)
      .begin_variant("main", facts)
      .boot()
      .fault("infra", "swtpm: exited with status 1: cannot write tpm2-00.permall: No space left on device");
  s.end_variant().begin_variant("control", facts).end_variant().end_scenario();

  s.skip("measure/needs-kvm", "needs KVM, and this host has none");
  s.begin_scenario("measure/unfinished", unfinished);
  good_main();
  s.begin_variant("control", without_policy).boot().begin_step("exec");
  return s;
}

}  // namespace diglab
