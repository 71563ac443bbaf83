// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/leftover_domains.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <pugixml.hpp>

#include "machine/placement.h"
#include "machine/run_directory.h"
#include "machine/spec.h"
#include "os/files.h"

namespace diglab {
namespace {

std::string this_host() {
  if (auto id = read_file("/etc/machine-id", 100); id && id->size() > 8) return id->substr(0, id->find('\n'));
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string owner_of(virDomainPtr domain) {
  std::unique_ptr<char, decltype(&::free)> metadata(
      virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, std::string(owner_namespace).c_str(), 0), ::free);
  pugi::xml_document document;
  if (!metadata || !document.load_string(metadata.get())) return {};
  return document.first_child().text().get();
}

}  // namespace

std::string owner_name(const std::string& run_directory) {
  return this_host() + ":" + run_directory;
}

bool is_dead_owner(const std::string& owner) {
  std::string here = this_host() + ":";
  return owner.starts_with(here) && RunDirectory::is_dead(owner.substr(here.size()));
}

void remove_domain(virDomainPtr domain) {
  virDomainDestroy(domain);
  virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_TPM | VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
}

std::vector<std::string> remove_domains(virConnectPtr connection, const std::function<bool(const std::string& owner)>& wanted) {
  std::vector<std::string> removed;
  virDomainPtr* domains = nullptr;
  int count = virConnectListAllDomains(connection, &domains, 0);
  for (int i = 0; i < count; ++i) {
    DomainHandle domain(domains[i]);
    std::string owner = owner_of(domain.get());
    if (owner.empty() || !wanted(owner)) continue;
    removed.push_back(fmt::format("domain {} of a dead run", virDomainGetName(domain.get())));
    remove_domain(domain.get());
    remove_pool_overlays(connection, std::filesystem::path(owner).filename());
  }
  if (count >= 0) ::free(static_cast<void*>(domains));
  return removed;
}

}  // namespace diglab
