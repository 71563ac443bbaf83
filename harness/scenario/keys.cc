// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/keys.h"

#include <array>

namespace diglab {

namespace keys {

const KeyTable scenario{"scenario",
                        {"id", "claim", "sources", "tags", "skip_unless", "alone", "machine", "policy", "rounds", "timeout", "boot_timeout", "steps", "checks",
                         "control", "no_control_because"},
                        {"id", "claim", "steps"}};
const KeyTable skip_unless{"skip_unless", {"acceleration", "because"}, {"acceleration", "because"}};
const KeyTable machine{"machine", {"kernel", "image", "suite", "ima_signatures", "digest_lists", "initramfs", "cpus", "memory", "tpm", "disk_flush", "init", "cmdline", "smbios"}};
const KeyTable initramfs{"initramfs", {"by", "files", "lists"}};
const KeyTable smbios{"smbios", {"bios.vendor", "bios.version", "bios.date", "system.manufacturer", "system.product", "system.version",
                       "system.serial", "system.sku", "system.family"}};
const KeyTable step{"step",
                    {"id", "user", "timeout", "expect", "run", "start", "act", "write", "sign_list", "policy", "policy_corpus", "reboot",
                     "snapshot", "restore", "quote", "parallel", "repeat"}};
const KeyTable expect{"expect", {"in", "status", "success", "signal", "error", "out", "err"}};
const KeyTable text{"text", {"equals", "contains", "matches"}};
const KeyTable start{"start", {"programs", "parallel"}, {"programs"}};
const KeyTable act{"act", {"exec", "fexecve", "mmap", "mprotect", "open", "load_module", "args", "mode"}};
const KeyTable write{"write", {"path", "content", "file", "mode"}, {"path"}};
const KeyTable sign_list{"sign_list", {"of", "path", "key", "public_key"}, {"of", "path", "key"}};
const KeyTable policy_corpus{"policy_corpus", {"file"}, {"file"}};
const KeyTable reboot{"reboot", {"entry", "smbios", "cut"}};
const KeyTable repeat{"repeat", {"times", "steps"}, {"times", "steps"}};
const KeyTable check{"check", {"id", "attest", "pcr", "log_set", "log_entry", "log_only", "denial", "console", "boot", "ktap"}};
const KeyTable pcr{"pcr", {"index", "bank", "rounds", "predicted_by", "predicted_from"}};
const KeyTable log_entry{"log_entry", {"path", "count"}, {"path"}};
const KeyTable log_only{"log_only", {"paths", "pcr"}, {"paths"}};
const KeyTable ktap{"ktap", {"from", "tests", "passed"}};
const KeyTable denial{"denial", {"path", "cause", "operation", "program", "times"}};
const KeyTable console{"console", {"matches", "present"}, {"matches"}};
const KeyTable control{"control",
                       {"why", "machine", "policy", "rounds", "before", "replace", "tamper", "opposite"},
                       {"why", "opposite"}};
const KeyTable tamper{"tamper", {"log_bit_in_entry"}, {"log_bit_in_entry"}};
const KeyTable opposite{"opposite", {"check", "instead"}, {"check"}};

std::span<const KeyTable* const> all() {
  static constexpr std::array tables = {&scenario, &skip_unless, &machine, &initramfs, &smbios,    &step,   &expect,  &text,    &start,
                                        &act,      &write,   &sign_list, &policy_corpus, &reboot, &repeat, &check,   &pcr,     &log_entry,
                                        &log_only, &ktap, &denial,   &console, &control,   &tamper, &opposite};
  return tables;
}

}  // namespace keys

namespace words {

const WordTable action{"action", {"exec", "fexecve", "mmap", "mprotect", "open", "load_module"}};
const WordTable open_mode{"open_mode", {"read", "write", "create"}};
const WordTable in{"in", {"every", "some"}};
const WordTable attest{"attest", {"log_replays", "forms_agree", "boot_aggregate", "quote", "tampering_noticed"}};
const WordTable across{"across", {"same", "differs"}};
const WordTable predicted_from{"predicted_from", {"image"}};
const WordTable log_set{"log_set", {"same", "differs"}};
const WordTable boot{"boot", {"agent", "panic"}};
const WordTable step_kind{"step_kind",
                          {"run", "start", "act", "write", "sign_list", "policy", "policy_corpus", "reboot", "snapshot", "restore", "quote",
                           "parallel", "repeat"}};
const WordTable check_kind{"check_kind", {"attest", "pcr", "log_set", "log_entry", "log_only", "denial", "console", "boot", "ktap"}};
const WordTable bank{"bank", {"sha1", "sha256", "sha384", "sha512"}};
const WordTable user{"user", {"root", "alice"}};
const WordTable acceleration{"acceleration", {"kvm", "tcg"}};
const WordTable suite{"suite", {"bookworm", "trixie", "sid"}};
const WordTable digest_lists{"digest_lists", {"none", "pgp", "pkcs7", "unsigned", "rpm"}};
const WordTable initramfs_lists{"initramfs_lists", {"none", "own", "all"}};
const WordTable list_key{"list_key", {"packages", "ima", "own", "foreign", "none"}};
const WordTable source{"source", {"S0", "S1", "S2", "S3", "S4"}};

std::span<const WordTable* const> all() {
  static constexpr std::array tables = {&action,  &open_mode, &in,        &attest,     &across, &predicted_from, &log_set,
                                        &boot,    &step_kind, &check_kind, &bank,      &user,   &source, &acceleration, &suite, &digest_lists, &initramfs_lists, &list_key};
  return tables;
}

}  // namespace words

}  // namespace diglab
