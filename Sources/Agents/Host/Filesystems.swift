/// A place where a filesystem is mounted, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
struct Mount: Hashable {
    var point: String

    /// Filesystems that keep files of programs on this machine's own storage. Those of other machines are left out
    /// because asking about one whose server is gone blocks for minutes.
    static let kinds: Set<String> = [
        "apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs", "ntfs3", "overlay", "reiserfs",
        "vfat", "xfs", "zfs",
    ]

    /// One mount a device, the first, which bind mounts only repeat.
    static func parse(_ text: String) -> [Mount] {
        var seen: Set<Substring> = []
        var mounts: [Mount] = []
        for line in text.lines {
            let fields = line.fields
            // id parent major:minor root point options [optional…] - type source options
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1,
                kinds.contains(String(fields[dash + 1])), seen.insert(fields[2]).inserted
            else { continue }
            mounts.append(Mount(point: unescaped(fields[4])))
        }
        return mounts
    }

    /// The kernel writes space, tab, newline and backslash as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        let given = Array(text.utf8)
        var at = 0
        while at < given.count {
            if given[at] == 92, at + 3 < given.count, let code = UInt8(String(decoding: given[at + 1...at + 3], as: UTF8.self), radix: 8) {
                bytes.append(code)
                at += 4
            } else {
                bytes.append(given[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// How full a filesystem is, in bytes.
struct FilesystemUsage: Hashable {
    var used: UInt64
    /// What programs without special rights can still write.
    var available: UInt64

    /// As `df` has it: the share of what programs may use at all. Nil for a filesystem of no size.
    var utilization: Double? { used + available == 0 ? nil : Double(used) / Double(used + available) }
}
