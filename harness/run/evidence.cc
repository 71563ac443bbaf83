// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/evidence.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <nlohmann/json.hpp>

#include "attest/credential.h"
#include "attest/evidence.h"
#include "os/files.h"
#include "run/guest_files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view ima_directory = "/sys/kernel/security/integrity/ima";
constexpr std::string_view guest_quote_directory = "/run/diglab-quote";
// Every bank that the template's TPM has, with what IMA and the firmware extend.
constexpr std::string_view quoted_pcrs =
    "sha1:0,1,2,3,4,5,6,7,8,9,10,11+sha256:0,1,2,3,4,5,6,7,8,9,10,11+sha384:0,1,2,3,4,5,6,7,8,9,10,11+sha512:0,1,2,3,4,5,6,7,8,9,10,11";
constexpr std::chrono::seconds request_time = 15s;
constexpr std::chrono::seconds quote_time = 20s;

/// Where the files of the current boot go, relative to the results.
std::string boot_file(const Session& session, std::string_view name) {
  return fmt::format("{}/boot-{}.{}", session.plan().directory(), session.where().boot, name);
}

void fault(Session& session, const Error& error) {
  session.plan().log.write(event::Fault{.where = session.where(), .kind = std::string(to_string(error.kind())), .message = error.to_string()});
}

Result<void> store(Session& session, std::string kind, const std::string& file, std::string_view content) {
  TRY_VOID(write_file(session.plan().results / file, content));
  session.plan().log.write(event::Evidence{
      .where = session.where(), .kind = std::move(kind), .file = file, .sha256 = sha256_of(content), .label = {}});
  return {};
}

/// Nothing if there is no such file: a kernel without IMA has no lists, and a check that needs one says so.
Result<std::optional<std::string>> guest_file(Session& session, const std::string& path) {
  FileContent content = TRY(session.agent().read_file(path, session.in(request_time)), path);
  if (content.error.name == "ENOENT") return std::nullopt;
  if (!content.error.ok()) return fail(ErrorKind::infra, fmt::format("{}: {}: {}", path, content.stage, content.error.name));
  return std::move(content.content);
}

Result<std::string> pcrs_as_json(Session& session) {
  GuestPcrs pcrs = TRY(session.agent().pcrs(session.in(request_time)), "PCRs");
  nlohmann::json banks = nlohmann::json::object();
  for (const auto& [bank, values] : pcrs.banks)
    for (std::size_t index = 0; index < values.size(); ++index) banks[bank][std::to_string(index)] = values[index];
  return banks.dump(1);
}

/// Both forms of the measurement list and the PCRs, of one moment: a guest that lives may measure something while they are read.
Result<void> store_measurements(Session& session) {
  constexpr int attempts = 8;
  const std::string ima(ima_directory);
  const auto count = [&] { return guest_file(session, ima + "/runtime_measurements_count"); };
  for (int i = 0; i < attempts; ++i) {
    const auto before = TRY(count());
    const auto binary = TRY(guest_file(session, ima + "/binary_runtime_measurements"));
    const auto ascii = TRY(guest_file(session, ima + "/ascii_runtime_measurements"));
    const auto pcrs = pcrs_as_json(session);
    if (before != TRY(count())) continue;
    if (binary) TRY_VOID(store(session, "ima_binary", boot_file(session, "ima.bin"), *binary));
    if (ascii) TRY_VOID(store(session, "ima_ascii", boot_file(session, "ima.txt"), *ascii));
    return store(session, "pcrs", boot_file(session, "pcrs.json"), TRY(pcrs));
  }
  return fail(ErrorKind::infra, fmt::format("the measurement list grew during each of {} readings of it and of the PCRs", attempts));
}

Result<void> store_audit(Session& session) {
  AuditLog audit = TRY(session.agent().audit_log(0, session.in(request_time)), "audit records");
  std::string text;
  for (const std::string& record : audit.records) text += record + "\n";
  if (!audit.error.ok()) return fail(ErrorKind::infra, fmt::format("the agent receives no audit records: {}", audit.error.name));
  if (audit.lost) return fail(ErrorKind::infra, "audit records were lost");
  return store(session, "audit", boot_file(session, "audit.log"), text);
}

Result<void> store_kernel_log(Session& session) {
  KernelLog log = TRY(session.agent().kernel_log(0, session.in(request_time)), "kernel log");
  std::string text;
  for (const KernelLogRecord& record : log.records)
    text += fmt::format("[{:5}.{:06}] <{}> {}\n", record.microseconds / 1'000'000, record.microseconds % 1'000'000, record.level, record.text);
  return store(session, "kernel_log", boot_file(session, "kernel.log"), text);
}

/// Runs the quote script in the guest; its words end up in the error when it fails.
Result<void> run_quote_script(Session& session, std::vector<std::string> arguments) {
  GuestCommand command;
  command.argv = {std::string(guest_path::quote)};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  CommandOutcome outcome = TRY(session.agent().run(command, session.in(quote_time)), "quote");
  if (!outcome.ok())
    return fail(ErrorKind::infra, fmt::format("diglab-quote {}: {}: {}", arguments.front(), to_string(outcome.ending), outcome.err));
  return {};
}

Result<Bytes> guest_bytes(Session& session, const std::string& name) {
  std::string path = fmt::format("{}/{}", guest_quote_directory, name);
  FileContent content = TRY(session.agent().read_file(path, session.in(request_time)), path);
  if (!content.error.ok()) return fail(ErrorKind::infra, fmt::format("{}: {}", path, content.error.name));
  return Bytes(content.content.begin(), content.content.end());
}

Result<Bytes> random_bytes(std::size_t count) {
  Bytes bytes(count);
  if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) return fail(ErrorKind::infra, "no random bytes");
  return bytes;
}

Result<AttestationEvidence> quote_guest(Session& session) {
  AttestationEvidence evidence;
  evidence.nonce = TRY(random_bytes(20));
  const std::string directory(guest_quote_directory);
  TRY_VOID(run_quote_script(session, {"identity", directory}));
  evidence.ek_public = TRY(guest_bytes(session, "ek.pub"));
  evidence.ak_public = TRY(guest_bytes(session, "ak.pub"));
  Challenge challenge = TRY(make_challenge(TRY(TpmPublic::parse(evidence.ek_public)), TRY(TpmPublic::parse(evidence.ak_public))), "challenge");
  evidence.challenge = to_json(challenge);
  WriteOutcome written = TRY(session.agent().write_file(directory + "/challenge.blob", text_of(challenge.blob), 0600, session.in(request_time)));
  if (!written.error.ok()) return fail(ErrorKind::infra, fmt::format("challenge: {}", written.error.name));
  TRY_VOID(run_quote_script(session, {"activate", directory}));
  TRY_VOID(run_quote_script(session, {directory, to_hex(evidence.nonce), std::string(quoted_pcrs)}));
  evidence.returned_secret = TRY(guest_bytes(session, "secret.out"));
  evidence.ek_certificate = TRY(guest_bytes(session, "ek.crt"));
  evidence.quote_message = TRY(guest_bytes(session, "quote.msg"));
  evidence.quote_signature = TRY(guest_bytes(session, "quote.sig"));
  evidence.pcr_values = std::string(text_of(TRY(guest_bytes(session, "pcrs.txt"))));
  evidence.binary_log = TRY(guest_bytes(session, "ima.bin"));
  evidence.ascii_log = std::string(text_of(TRY(guest_bytes(session, "ima.txt"))));
  return evidence;
}

}  // namespace

Result<void> collect_quote(Session& session, const std::string& label) {
  AttestationEvidence evidence = TRY(quote_guest(session), "quote");
  std::string directory = boot_file(session, label.empty() ? "quote" : label + ".quote");
  TRY_VOID(make_directories(session.plan().results / directory));
  TRY_VOID(evidence.store(session.plan().results / directory));
  session.plan().log.write(event::Evidence{.where = session.where(), .kind = "quote", .file = directory, .sha256 = {}, .label = label});
  return {};
}

void collect_boot_evidence(Session& session) {
  if (!session.is_up()) return;
  auto attempt = [&](Result<void> result) {
    if (!result) fault(session, result.error());
  };
  if (session.plan().wants_quote()) attempt(collect_quote(session, ""));
  attempt(store_measurements(session));
  attempt(store_audit(session));
  attempt(store_kernel_log(session));
}

void name_machine_evidence(Session& session) {
  namespace fs = std::filesystem;
  const RoundPlan& plan = session.plan();
  fs::path directory = plan.results / plan.directory();
  auto name = [&](std::string kind, const std::string& file) {
    if (!fs::exists(directory / file)) return;
    auto digest = sha256_of_file(directory / file);
    plan.log.write(event::Evidence{.where = session.where(),
                                   .kind = std::move(kind),
                                   .file = fmt::format("{}/{}", plan.directory(), file),
                                   .sha256 = digest ? *digest : std::string(),
                                   .label = {}});
  };
  const std::string stem = fmt::format("boot-{}", session.where().boot);
  // Whatever is not in the file, a report of the kernel for instance, the judge would not miss.
  if (auto error = session.machine().console().write_error()) fault(session, *error);
  if (std::string commands = session.machine().command_lines(); !commands.empty())
    if (auto written = write_file(directory / (stem + ".commands"), commands + "\n"); !written) fault(session, written.error());
  name("console", stem + ".log");
  name("domain_xml", stem + ".xml");
  name("qemu_log", stem + ".qemu.log");
  name("command_lines", stem + ".commands");
}

}  // namespace diglab
