// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/tpm_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

// Changes when anything below changes that the state depends on.
constexpr std::string_view recipe = "1";
constexpr std::string_view banks = "sha1,sha256,sha384,sha512";

TpmTemplate template_in(const fs::path& directory) {
  return {.state = directory / "tpm2-00.permall", .authority = directory / "authority"};
}

Result<void> manufacture(const fs::path& directory, Processes& processes, const Deadline& deadline) {
  fs::path authority = directory / "authority";
  TRY_VOID(make_directories(authority));
  fs::path configuration = TRY(write_swtpm_configuration(directory / "configuration", authority));
  Command setup{"swtpm_setup", "--tpm2", "--tpm-state", directory.string(), "--config", configuration.string(), "--create-ek-cert",
                "--create-platform-cert", "--lock-nvram", "--pcr-banks", std::string(banks), "--overwrite"};
  RunOptions options;
  options.deadline = deadline;
  TRY(processes.check(setup, options), "manufacturing a TPM");
  return {};
}

}  // namespace

Result<std::string> TpmTemplate::ca_certificates() const {
  return TRY(read_file(authority / "swtpm-localca-rootca-cert.pem")) + TRY(read_file(authority / "issuercert.pem"));
}

Result<fs::path> write_swtpm_configuration(const fs::path& directory, const fs::path& authority) {
  TRY_VOID(write_file(directory / "localca.conf", fmt::format("statedir = {0}\nsigningkey = {0}/signkey.pem\nissuercert = {0}/issuercert.pem\n"
                                                              "certserial = {0}/certserial\n", authority.string())));
  TRY_VOID(write_file(directory / "localca.options", "--platform-manufacturer diglab\n--platform-version 1\n--platform-model QEMU\n"));
  TRY_VOID(write_file(directory / "swtpm_setup.conf", fmt::format("create_certs_tool = /usr/bin/swtpm_localca\n"
                                                                  "create_certs_tool_config = {0}/localca.conf\n"
                                                                  "create_certs_tool_options = {0}/localca.options\n"
                                                                  "active_pcr_banks = {1}\n", directory.string(), banks)));
  return directory / "swtpm_setup.conf";
}

Result<TpmTemplate> tpm_template(const fs::path& cache_dir, Processes& processes, const Deadline& deadline) {
  RunOptions options;
  options.deadline = deadline;
  std::string version = TRY(processes.check({"swtpm", "--version"}, options)).out;
  std::string id = sha256_of(fmt::format("{}\n{}", recipe, version)).substr(0, 16);
  fs::path home = cache_dir / "tpm" / id;
  std::error_code error;
  if (!fs::exists(template_in(home).state, error)) {
    TempDir making = TRY(TempDir::make(cache_dir / "tpm", "making"));
    TRY_VOID(manufacture(making.path(), processes, deadline));
    TRY_VOID(publish_directory(making.release(), home));
  }
  return template_in(home);
}

}  // namespace diglab
