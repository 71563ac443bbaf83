// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/attest_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/attest_files.h"

namespace diglab {
namespace {

struct Options {
  AttestFiles files;
  std::string bank;
  bool challenge = false;
  bool json = false;
  bool verbose = false;
};

void print_json(const AttestReport& report) {
  nlohmann::ordered_json json{{"verdict", report.verdict.ok() ? "agree" : "differ"},
                              {"line", report.verdict.one_line()}};
  json["links"] = nlohmann::ordered_json::array();
  for (const Link& link : report.verdict.links)
    json["links"].push_back({{"name", link.name}, {"ok", link.ok}, {"detail", link.detail}});
  for (const auto& [bank, values] : report.replayed.banks())
    for (const auto& [pcr, value] : values)
      json["replayed"][std::string(name_of(bank))][std::to_string(pcr)] = to_hex(value);
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const AttestReport& report, bool verbose) {
  fmt::print("{}\n", report.verdict.one_line());
  if (!verbose) return;
  for (const Link& link : report.verdict.links)
    fmt::print("  {:<6} {:<15} {}\n", link.ok ? "ok" : "BROKEN", link.name, link.detail);
  if (!report.replayed.empty()) fmt::print("  the log gives:\n{}", report.replayed.to_string());
}

int attest(const Options& options) {
  if (options.challenge) {
    auto written = write_challenge(options.files.evidence);
    if (!written) return report_error(written.error());
    fmt::print("challenge.blob is for the machine (diglab-quote activate), challenge.json stays here\n");
    return 0;
  }
  auto report = check_attest_files(options.files);
  if (!report) return report_error(report.error());
  if (options.json)
    print_json(*report);
  else
    print_text(*report, options.verbose);
  return report->verdict.ok() ? 0 : 1;
}

}  // namespace

void add_attest_command(CLI::App& app, CliContext&, CliAction& chosen) {
  auto options = std::make_shared<Options>();
  AttestFiles& files = options->files;
  CLI::App* command = app.add_subcommand("attest", "Say whether IMA logs, PCR values and quotes of any machine agree");
  command->footer("Exit status: 0 they agree, 1 they differ, 2 bad use, or a file that is not what it is given as,\n"
                  "3 the laboratory itself broke, 130 interrupted.");
  const CLI::Validator not_empty([](const std::string& value) { return value.empty() ? "is empty" : ""; }, "");
  // An empty value is none, and what it is given for would be left out.
  auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    return command->add_option(name, value, help)->type_name(type)->check(not_empty);
  };
  CLI::Option* log = option("--log", files.log, "Measurement list, binary or ASCII: which is recognised", "FILE");
  CLI::Option* ascii = option("--ascii", files.ascii, "The same list in ASCII, to be compared with --log", "FILE");
  CLI::Option* pcrs =
      option("--pcrs", files.pcrs, "PCR values: output of tpm2_pcrread, of `grep . /sys/class/tpm/tpm0/pcr-*/*`, or JSON", "FILE");
  CLI::Option* quote = option("--quote", files.quote, "TPMS_ATTEST, as tpm2_quote -m writes it", "FILE");
  CLI::Option* signature = option("--signature", files.signature, "The quote's signature, as tpm2_quote -s writes it", "FILE");
  CLI::Option* ak = option("--ak", files.ak,
                           "The attestation key: TPM2B_PUBLIC, whose attributes are checked; or PEM or DER, of which you must know that it is one",
                           "FILE");
  CLI::Option* nonce = option("--nonce", files.nonce, "What the quote must answer, in hexadecimal", "HEX");
  CLI::Option* evidence = option("--evidence", files.evidence,
                                 "A directory made by diglab-quote: the whole chain from the EK certificate on. nonce.hex and "
                                 "challenge.json in it must be your own, never the machine's",
                                 "DIR");
  CLI::Option* ca =
      option("--ca", files.authorities, "Certificates of authorities that are trusted for EK certificates (PEM or DER)", "FILE");
  CLI::Option* pcr = option("--pcr", files.pcr, "Compare only this PCR; otherwise all that the log has entries for", "N")->check(CLI::Range(0, 23));
  CLI::Option* bank = option("--bank", options->bank, "Compare only this bank: sha1, sha256, sha384 or sha512", "NAME")
                          ->check([](const std::string& name) { return hash_algorithm_named(name) ? "" : name + ": no such bank"; });
  CLI::Option* challenge =
      command->add_flag("--challenge", options->challenge, "Write a challenge for the keys in --evidence, for the machine to answer");
  CLI::Option* json = command->add_flag("--json", options->json, "Everything that was found, as JSON");
  command->add_flag("-v,--verbose", options->verbose, "Each check, and the PCR values that the log gives");

  // "agree" is about all that was given: what would not be looked at, nobody may give.
  for (CLI::Option* of_log : {ascii, pcr, bank}) of_log->needs(log);
  signature->needs(quote)->needs(ak);
  ak->needs(signature);
  for (CLI::Option* of_evidence : {ca, challenge}) of_evidence->needs(evidence);
  for (CLI::Option* single : {log, ascii, pcrs, quote, signature, ak, pcr, bank}) single->excludes(evidence);
  for (CLI::Option* of_verdict : {ca, nonce, json}) of_verdict->excludes(challenge);
  command->callback([options, &chosen] {
    options->files.bank = hash_algorithm_named(options->bank);
    chosen = [options] { return attest(*options); };
  });
}

}  // namespace diglab
