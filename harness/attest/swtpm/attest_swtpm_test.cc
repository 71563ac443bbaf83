// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "attest/boot_aggregate.h"
#include "attest/credential.h"
#include "attest/evidence.h"
#include "attest/ima_ascii.h"
#include "attest/log_builder.h"
#include "attest/replay.h"
#include "attest/tamper.h"
#include "base/source_directory.h"
#include "os/files.h"
#include "os/process.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr const char* setup_script = R"(set -e
cd "$1"
mkdir state ca
printf 'statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\ncertserial = %s/certserial\n' \
  "$1/ca" "$1/ca" "$1/ca" "$1/ca" >localca.conf
printf -- '--platform-manufacturer diglab\n--platform-version 1\n--platform-model diglab\n' >options
printf 'create_certs_tool = swtpm_localca\ncreate_certs_tool_config = %s\ncreate_certs_tool_options = %s\n' \
  "$1/localca.conf" "$1/options" >setup.conf
swtpm_setup --tpm2 --tpmstate "$1/state" --config setup.conf --create-ek-cert --lock-nvram --pcr-banks sha1,sha256,sha384,sha512
)";

// tpm2-tools' simulator transport wants two neighbouring ports; the kernel finds a free pair when asked until it does.
constexpr const char* find_ports = R"(import socket
while True:
    a, b = socket.socket(), socket.socket()
    a.bind(("127.0.0.1", 0))
    port = a.getsockname()[1]
    try:
        b.bind(("127.0.0.1", port + 1))
    except (OSError, OverflowError):
        continue
    print(port)
    break
)";

/// A manufactured software TPM, on the loopback interface, that runs as long as this object lives.
class SoftwareTpm {
 public:
  explicit SoftwareTpm(const std::filesystem::path& directory) : directory_(directory) {
    check({"bash", "-c", setup_script, "setup", directory.string()});
    int port = std::atoi(check({"python3", "-c", find_ports}).c_str());
    tcti_ = fmt::format("swtpm:host=127.0.0.1,port={}", port);
    control_ = fmt::format("127.0.0.1:{}", port + 1);
    // As a daemon it returns when it listens.
    constexpr const char* start =
        "exec swtpm socket --daemon --tpm2 --tpmstate dir=$1/state --server type=tcp,port=$2,bindaddr=127.0.0.1"
        " --ctrl type=tcp,port=$3,bindaddr=127.0.0.1 --flags not-need-init,startup-clear >/dev/null 2>&1";
    check({"bash", "-c", start, "swtpm", directory.string(), std::to_string(port), std::to_string(port + 1)});
  }
  ~SoftwareTpm() { check({"swtpm_ioctl", "--tcp", control_, "-s"}); }
  SoftwareTpm(const SoftwareTpm&) = delete;
  SoftwareTpm& operator=(const SoftwareTpm&) = delete;

  std::string check(const Command& command) const {
    Command with_tpm = command;
    if (!tcti_.empty()) with_tpm.set("TPM2TOOLS_TCTI", tcti_);
    auto outcome = SystemProcesses().check(with_tpm, {.deadline = Deadline::in(60s), .input = {}, .on_line = {}});
    if (!outcome) {
      ADD_FAILURE() << outcome.error().to_string();
      return {};
    }
    return outcome->out;
  }

  std::vector<Bytes> authorities() const {
    return {read_bytes(directory_ / "ca/issuercert.pem").value(),
            read_bytes(directory_ / "ca/swtpm-localca-rootca-cert.pem").value()};
  }

 private:
  std::filesystem::path directory_;
  std::string tcti_;
  std::string control_;
};

/// What a kernel would have logged, beginning with the boot_aggregate of the TPM's PCRs.
ImaLog sample_log(const PcrBanks& pcrs) {
  ImaLog log;
  Bytes aggregate = boot_aggregate(pcrs, HashAlgorithm::sha256).value();
  log.entries.push_back(make_ima_ng_entry(10, "sha256", aggregate, "boot_aggregate"));
  for (std::string_view path : {"/usr/bin/bash", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/etc/a file"})
    log.entries.push_back(make_ima_ng_entry(10, "sha256", hash(HashAlgorithm::sha256, {view_of(path)}), path));
  log.entries.push_back(as_violation(make_ima_ng_entry(10, "sha256", Bytes(32, 0), "/var/log/wtmp")));
  log.entries.push_back(make_entry(
      10, "ima-sig", {tagged_digest_field("sha512", Bytes(64, 7)), name_field("/usr/bin/signed"), {3, 2, 4}}));
  return log;
}

void extend_all(const SoftwareTpm& tpm, const ImaLog& log) {
  for (const ImaEntry& entry : log.entries) {
    std::string values;
    for (HashAlgorithm bank : all_hash_algorithms)
      values += fmt::format("{}{}={}", values.empty() ? "10:" : ",", name_of(bank), to_hex(extend_value(entry, bank)));
    tpm.check({"tpm2_pcrextend", values});
  }
}

void attest_with(const std::string& kind) {
  auto directory = TempDir::make();
  ASSERT_TRUE(directory);
  std::filesystem::path root = directory->path();
  SoftwareTpm tpm(root);
  tpm.check({"tpm2_pcrextend", fmt::format("4:sha1={},sha256={}", to_hex(Bytes(20, 4)), to_hex(Bytes(32, 4)))});
  PcrBanks before = parse_pcrs(tpm.check({"tpm2_pcrread"})).value();
  ImaLog log = sample_log(before);
  extend_all(tpm, log);
  std::filesystem::path ima = root / "ima";
  ASSERT_TRUE(write_file(ima / "binary_runtime_measurements", text_of(to_binary(log))));
  ASSERT_TRUE(write_file(ima / "ascii_runtime_measurements", to_ascii(log)));

  std::string script = source_directory() / "guest-image/attest/diglab-quote";
  std::filesystem::path evidence_dir = root / "evidence";
  auto guest = [&](std::initializer_list<std::string> words) {
    Command command{script};
    tpm.check(command.add(words).set("DIGLAB_IMA_DIR", ima.string()).set("DIGLAB_EK", kind));
  };
  Bytes nonce = hash(HashAlgorithm::sha256, {view_of("fresh")});
  guest({evidence_dir.string(), to_hex(nonce), "sha1:10+sha256:0,1,2,3,4,5,6,7,8,9,10+sha384:10+sha512:10"});

  AttestationEvidence evidence = AttestationEvidence::load(evidence_dir).value();
  auto ek = TpmPublic::parse(evidence.ek_public);
  auto ak = TpmPublic::parse(evidence.ak_public);
  ASSERT_TRUE(ek && ak);
  Challenge challenge = make_challenge(*ek, *ak).value();
  ASSERT_TRUE(write_file(evidence_dir / "challenge.blob", text_of(challenge.blob)));
  guest({"activate", evidence_dir.string()});
  evidence = AttestationEvidence::load(evidence_dir).value();
  evidence.nonce = nonce;
  evidence.challenge = to_json(challenge);

  AttestationVerdict verdict = verify(evidence, tpm.authorities());
  for (const Link& link : verdict.links) EXPECT_TRUE(link.ok) << link.name << ": " << link.detail;
  EXPECT_EQ(verdict.links.size(), 11U);
  for (Tamper tamper : all_tampers) {
    auto authorities = tamper == Tamper::ca ? std::vector<Bytes>{unrelated_authority().value()} : tpm.authorities();
    auto changed = tampered(evidence, tamper);
    ASSERT_TRUE(changed) << name_of(tamper) << ": " << changed.error().to_string();
    AttestationVerdict noticed = verify(*changed, authorities);
    ASSERT_NE(noticed.first_broken(), nullptr) << name_of(tamper);
    EXPECT_EQ(noticed.first_broken()->name, link_broken_by(tamper)) << name_of(tamper) << ": " << noticed.one_line();
  }
  if (const char* record = std::getenv("DIGLAB_RECORD_EVIDENCE")) {
    std::filesystem::path into = std::filesystem::path(record) / kind;
    ASSERT_TRUE(evidence.store(into));
    std::string pem;
    for (const Bytes& authority : tpm.authorities()) pem += text_of(authority);
    ASSERT_TRUE(write_file(into / "ca.pem", pem));
  }
}

TEST(SoftwareTpmAttestation, holds_with_an_elliptic_endorsement_key_and_notices_every_corruption) {
  attest_with("ecc");
}
TEST(SoftwareTpmAttestation, holds_with_an_rsa_endorsement_key_and_notices_every_corruption) {
  attest_with("rsa");
}

}  // namespace
}  // namespace diglab
