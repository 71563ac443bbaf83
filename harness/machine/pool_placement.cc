// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "machine/placement.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr const char* pool_name = "diglab";
constexpr std::string_view complete_suffix = ".complete";
constexpr std::string_view overlay_suffix = ".qcow2";

std::string volume_xml(const std::string& name, std::uintmax_t capacity, std::string_view format, const std::string& backing = {}) {
  std::string xml = fmt::format("<volume><name>{}</name><capacity unit='bytes'>{}</capacity>{}<target><format type='{}'/></target>",
                                name, capacity, format == "raw" ? "<allocation>0</allocation>" : "", format);
  if (!backing.empty()) xml += fmt::format("<backingStore><path>{}</path><format type='raw'/></backingStore>", backing);
  return xml + "</volume>";
}

std::string text_of(char* given) {
  std::unique_ptr<char, decltype(&::free)> text(given, ::free);
  return text ? text.get() : "";
}

std::vector<VolumeHandle> volumes_of(virStoragePoolPtr pool) {
  virStorageVolPtr* found = nullptr;
  const int count = pool != nullptr ? virStoragePoolListAllVolumes(pool, &found, 0) : 0;
  std::vector<VolumeHandle> volumes;
  for (int i = 0; i < count; ++i) volumes.emplace_back(found[i]);
  if (count >= 0) ::free(static_cast<void*>(found));
  return volumes;
}

bool is_overlay(virStorageVolPtr volume) {
  return std::string_view(virStorageVolGetName(volume)).ends_with(overlay_suffix);
}

std::string descriptions_of_domains(virConnectPtr connection) {
  virDomainPtr* found = nullptr;
  const int count = virConnectListAllDomains(connection, &found, 0);
  std::string descriptions;
  for (int i = 0; i < count; ++i) descriptions += text_of(virDomainGetXMLDesc(DomainHandle(found[i]).get(), 0));
  if (count >= 0) ::free(static_cast<void*>(found));
  return descriptions;
}

/// A file being sent, hole by hole.
struct Source {
  int fd;
  const Deadline& deadline;
  bool stopped = false;
};

int read_data(virStreamPtr, char* data, std::size_t size, void* opaque) {
  auto* source = static_cast<Source*>(opaque);
  source->stopped = source->deadline.stop.stop_requested() || source->deadline.expired();
  return source->stopped ? -1 : static_cast<int>(::read(source->fd, data, size));
}

/// Tells libvirt whether the file goes on with data or a hole, and for how long. (libvirt's own documentation: virStreamSparseSendAll.)
int next_section(virStreamPtr, int* in_data, long long* length, void* opaque) {
  int fd = static_cast<Source*>(opaque)->fd;
  off_t here = ::lseek(fd, 0, SEEK_CUR);
  off_t data = ::lseek(fd, here, SEEK_DATA);
  off_t end = 0;
  if (data == here) {
    *in_data = 1;
    end = ::lseek(fd, here, SEEK_HOLE);
  } else {
    *in_data = 0;
    end = data < 0 ? ::lseek(fd, 0, SEEK_END) : data;
  }
  *length = end - here;
  return ::lseek(fd, here, SEEK_SET) < 0 || end < here ? -1 : 0;
}

int skip_hole(virStreamPtr, long long length, void* opaque) {
  return ::lseek(static_cast<Source*>(opaque)->fd, length, SEEK_CUR) < 0 ? -1 : 0;
}

class PoolPlacement final : public Placement {
 public:
  PoolPlacement(virConnectPtr connection, PoolHandle pool, std::string run)
      : connection_(connection), pool_(std::move(pool)), run_(std::move(run)) {}

  ~PoolPlacement() override { remove_pool_overlays(connection_, run_); }

  Result<std::string> place(const fs::path& file, const Deadline& deadline) override {
    std::lock_guard lock(mutex_);
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", file.string()));
    std::string id = TRY(content_id(file));
    VolumeHandle complete(virStorageVolLookupByName(pool_.get(), (id + std::string(complete_suffix)).c_str()));
    VolumeHandle volume(virStorageVolLookupByName(pool_.get(), id.c_str()));
    if (volume && complete) return path_of(volume.get());
    // Without its mark it is what an upload left that broke off, or one that goes on: then libvirt will not delete it.
    bool busy = volume && virStorageVolDelete(volume.get(), 0) != 0;
    if (busy) id = fmt::format("{}-{}", run_, id);
    volume = TRY(upload(file, id, deadline), fmt::format("uploading {}", file.string()));
    if (!busy) VolumeHandle(virStorageVolCreateXML(pool_.get(), volume_xml(id + std::string(complete_suffix), 0, "raw").c_str(), 0));
    return path_of(volume.get());
  }

  Result<std::string> make_overlay(const fs::path& base, const std::string& name, const Deadline& deadline) override {
    std::string backing = TRY(place(base, deadline));
    std::error_code error;
    std::string xml = volume_xml(fmt::format("{}-{}{}", run_, name, overlay_suffix), fs::file_size(base, error), "qcow2", backing);
    VolumeHandle volume(virStorageVolCreateXML(pool_.get(), xml.c_str(), 0));
    if (!volume) return fail(libvirt_error(ErrorKind::infra, "make a disk overlay in the storage pool"));
    return path_of(volume.get());
  }

  Result<void> remove_overlay(const std::string& placed) override {
    VolumeHandle volume(virStorageVolLookupByPath(connection_, placed.c_str()));
    if (!volume || virStorageVolDelete(volume.get(), 0) != 0) return fail(libvirt_error(ErrorKind::infra, fmt::format("remove {}", placed)));
    return {};
  }

 private:
  /// Hashing a disk takes seconds: once per file, as long as it is the same file.
  Result<std::string> content_id(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return fail(ErrorKind::infra, fmt::format("{}: cannot look at it", file.string()));
    std::string key = fmt::format("{} {} {} {}", status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    auto known = ids_.find(key);
    if (known == ids_.end()) known = ids_.emplace(key, TRY(sha256_of_file(file)).substr(0, 40)).first;
    return known->second;
  }

  Result<VolumeHandle> upload(const fs::path& file, const std::string& name, const Deadline& deadline) {
    std::error_code error;
    std::uintmax_t size = fs::file_size(file, error);
    VolumeHandle volume(virStorageVolCreateXML(pool_.get(), volume_xml(name, size, "raw").c_str(), 0));
    if (!volume) return fail(libvirt_error(ErrorKind::infra, "make a volume in the storage pool"));
    StreamHandle stream(virStreamNew(connection_, 0));
    if (virStorageVolUpload(volume.get(), stream.get(), 0, size, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) != 0)
      return fail(libvirt_error(ErrorKind::infra, "upload to the storage pool"));
    Source source{.fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC), .deadline = deadline};
    int sent = virStreamSparseSendAll(stream.get(), read_data, next_section, skip_hole, &source);
    ::close(source.fd);
    if (sent == 0 && virStreamFinish(stream.get()) == 0) return volume;
    Error why = libvirt_error(ErrorKind::infra, "upload to the storage pool");
    if (source.stopped)
      why = deadline.stop.stop_requested() ? Error(ErrorKind::interrupted, "interrupted") : Error(ErrorKind::timeout, "not done before the deadline");
    stream.reset();
    virStorageVolDelete(volume.get(), 0);
    return fail(std::move(why));
  }

  static Result<std::string> path_of(virStorageVolPtr volume) {
    std::string path = text_of(virStorageVolGetPath(volume));
    if (path.empty()) return fail(libvirt_error(ErrorKind::infra, "ask for a volume's path"));
    return path;
  }

  virConnectPtr connection_;
  PoolHandle pool_;
  std::string run_;
  std::mutex mutex_;
  std::map<std::string, std::string> ids_;
};

}  // namespace

Result<std::unique_ptr<Placement>> make_pool_placement(virConnectPtr connection, const std::string& pool_path, std::string run) {
  PoolHandle pool(virStoragePoolLookupByName(connection, pool_name));
  if (!pool) {
    std::string xml = fmt::format("<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>", pool_name, pool_path);
    pool.reset(virStoragePoolCreateXML(connection, xml.c_str(), VIR_STORAGE_POOL_CREATE_WITH_BUILD));
  }
  if (!pool) return fail(libvirt_error(ErrorKind::infra, fmt::format("make a storage pool in {}", pool_path)));
  if (virStoragePoolIsActive(pool.get()) == 0 && virStoragePoolCreate(pool.get(), VIR_STORAGE_POOL_CREATE_WITH_BUILD) != 0)
    return fail(libvirt_error(ErrorKind::infra, "start the storage pool"));
  return std::make_unique<PoolPlacement>(connection, std::move(pool), std::move(run));
}

void remove_pool_overlays(virConnectPtr connection, const std::string& run) {
  PoolHandle pool(virStoragePoolLookupByName(connection, pool_name));
  for (const VolumeHandle& volume : volumes_of(pool.get()))
    if (std::string_view(virStorageVolGetName(volume.get())).starts_with(run + "-")) virStorageVolDelete(volume.get(), 0);
}

Result<std::vector<std::string>> remove_uploads(virConnectPtr connection, bool only_name) {
  std::vector<std::string> unused;
  PoolHandle pool(virStoragePoolLookupByName(connection, pool_name));
  if (!pool) return unused;
  if (virStoragePoolRefresh(pool.get(), 0) != 0) return fail(libvirt_error(ErrorKind::infra, "look into the storage pool"));
  const std::vector<VolumeHandle> volumes = volumes_of(pool.get());
  // A domain's description names its overlays, and theirs the file below. An overlay that no domain has is of a run that was killed.
  std::string users = descriptions_of_domains(connection);
  for (const VolumeHandle& volume : volumes)
    if (is_overlay(volume.get()) && users.find(virStorageVolGetName(volume.get())) != std::string::npos)
      users += text_of(virStorageVolGetXMLDesc(volume.get(), 0));
  for (const VolumeHandle& volume : volumes) {
    std::string name = virStorageVolGetName(volume.get());
    std::string_view upload = name;
    if (upload.ends_with(complete_suffix)) upload.remove_suffix(complete_suffix.size());
    if (users.find(upload) != std::string::npos) continue;
    if (!only_name && virStorageVolDelete(volume.get(), 0) != 0) continue;  // being uploaded just now
    unused.push_back(std::move(name));
  }
  return unused;
}

}  // namespace diglab
