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
    if (options.files.evidence.empty()) return report_error(Error(ErrorKind::usage, "--challenge needs --evidence"));
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
  command->add_option("--log", files.log, "Measurement list, binary or ASCII: which is recognised")->type_name("FILE");
  command->add_option("--ascii", files.ascii, "The same list in ASCII, to be compared with --log")->type_name("FILE");
  command
      ->add_option("--pcrs", files.pcrs,
                   "PCR values: output of tpm2_pcrread, of `grep . /sys/class/tpm/tpm0/pcr-*/*`, or JSON")
      ->type_name("FILE");
  command->add_option("--quote", files.quote, "TPMS_ATTEST, as tpm2_quote -m writes it")->type_name("FILE");
  command->add_option("--signature", files.signature, "The quote's signature, as tpm2_quote -s writes it")
      ->type_name("FILE");
  command->add_option("--ak", files.ak, "The attestation key: TPM2B_PUBLIC, PEM or DER")->type_name("FILE");
  command->add_option("--nonce", files.nonce, "What the quote must answer, in hexadecimal")->type_name("HEX");
  command
      ->add_option("--evidence", files.evidence,
                   "A directory made by diglab-quote: the whole chain from the EK certificate on. nonce.hex and "
                   "challenge.json in it must be your own, never the machine's")
      ->type_name("DIR");
  command
      ->add_option("--ca", files.authorities,
                   "Certificates of authorities that are trusted for EK certificates (PEM or DER)")
      ->type_name("FILE");
  CLI::Option* pcr =
      command->add_option("--pcr", files.pcr, "Compare only this PCR; otherwise all that the log has entries for")
          ->type_name("N")
          ->check(CLI::Range(0, 23));
  command->add_option("--bank", files.bank, "Compare only this bank: sha1, sha256, sha384 or sha512")
      ->type_name("NAME");
  command->add_flag("--challenge", options->challenge,
                    "Write a challenge for the keys in --evidence, for the machine to answer");
  command->add_flag("--json", options->json, "Everything that was found, as JSON");
  command->add_flag("-v,--verbose", options->verbose, "Each check, and the PCR values that the log gives");
  command->callback([options, pcr, &chosen] {
    options->files.pcr_given = pcr->count() > 0;
    chosen = [options] { return attest(*options); };
  });
}

}  // namespace diglab
